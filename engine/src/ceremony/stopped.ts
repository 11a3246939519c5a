/** Says for the people in the room why the ceremony's own folder made it stop. */
import { CanonicalError } from '../transcript/canonical.ts'
import { LockedError } from '../transcript/lock.ts'
import { StorageError } from '../transcript/storage-error.ts'
import { CeremonyError } from './error.ts'

const SAFE = 'What is in the transcript is safe; a step that had begun is checked against the world when you resume.'

/** @returns what was thrown, in words if it is about the folder */
export function stopped(error: unknown, dir: string): unknown {
  if (error instanceof StorageError) return storageStopped(error, dir)
  if (error instanceof LockedError) {
    return new CeremonyError('folder/in-use', `Another process is at work on ${dir}.`, {
      found: `process ${error.pid} (see: ps -fp ${error.pid})`,
      expected: 'one process on a ceremony at a time',
      advice: `Go on at the terminal where process ${error.pid} runs; or end it, then resume. Nothing was done here.`,
      exitCode: 3,
      cause: error,
    })
  }
  if (error instanceof CanonicalError) {
    return new CeremonyError('transcript/unreadable', `The transcript in ${dir} cannot be read.`, {
      found: error.message,
      expected: 'the lines as they were written',
      advice: 'Do not go on with it. Compare it with a copy, and find out who could write there. Nothing was done.',
      exitCode: 1,
      cause: error,
    })
  }
  return error
}

function storageStopped(error: StorageError, dir: string): CeremonyError {
  const about = { found: error.message, exitCode: 3 as const, cause: error }
  switch (error.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new CeremonyError('folder/full', `The disk that holds ${dir} is full.`, {
        ...about,
        expected: 'room for what is recorded (see: df -h and df -i on that folder)',
        advice: `Make room, then resume. ${SAFE}`,
      })
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return new CeremonyError('folder/read-only', `${dir} cannot be written.`, {
        ...about,
        expected: 'a folder that this user may write, on a file system that is not read-only',
        advice: `Mount it for writing, or mend the permissions, then resume. A disk that became read-only by itself has failed: copy the folder to another one first. ${SAFE}`,
      })
    default:
      return new CeremonyError('folder/failed', `The disk that holds ${dir} failed.`, {
        ...about,
        expected: 'a disk that takes what is written (see: dmesg)',
        advice: `Copy the folder to another disk, then resume there; on the same disk only if the cause was found. ${SAFE}`,
      })
  }
}
