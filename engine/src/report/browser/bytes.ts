/** Bytes in a browser: base64, hex, digests, lines. */

/**
 * @returns the bytes
 * @throws Error unless it is the one base64 spelling of them (RFC 4648, section 4)
 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index)
  if (toBase64(bytes) !== text) throw new Error('not base64')
  return bytes
}

export function toBase64(bytes: Uint8Array): string {
  let binary = ''
  // In pieces: a call takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return btoa(binary)
}

/** @returns SHA-256, hex */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/**
 * Cuts a file into its lines.
 * @returns the lines without their newlines, and how many bytes stand behind the last newline
 */
export function linesOf(bytes: Uint8Array<ArrayBuffer>): { lines: Uint8Array<ArrayBuffer>[]; torn: number } {
  const lines: Uint8Array<ArrayBuffer>[] = []
  let start = 0
  for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
    lines.push(bytes.subarray(start, end))
    start = end + 1
  }
  return { lines, torn: bytes.length - start }
}
