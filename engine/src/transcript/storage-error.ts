/** What the ceremony's folder could not take: a full disk, a file system that is read-only, a medium that failed. */

export class StorageError extends Error {
  override readonly name = 'StorageError'
  /** As the system calls it: ENOSPC, EROFS, EIO… */
  readonly code: string
  readonly file: string

  constructor(file: string, cause: NodeJS.ErrnoException) {
    super(`${file} could not be written: ${cause.message}`, { cause })
    this.code = cause.code ?? 'EIO'
    this.file = file
  }
}

/**
 * Does what concerns a file of the ceremony.
 * @throws StorageError for what the system could not do
 */
export function storing<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof Error && (error as NodeJS.ErrnoException).syscall !== undefined) throw new StorageError(file, error)
    throw error
  }
}

/**
 * Writes may come to less than was asked of them, on a disk that fills up.
 * @throws StorageError
 */
export function expectWhole(file: string, written: number, wanted: number): void {
  if (written === wanted) return
  const message = `only ${written} of ${wanted} bytes could be written`
  throw new StorageError(file, Object.assign(new Error(message), { code: 'ENOSPC', syscall: 'write' }))
}
