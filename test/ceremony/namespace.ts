/** Tests that need namespaces with mounts and networks of their own; skipped where the system allows this user none. */
import { execFileSync } from 'node:child_process'
import { test } from 'vitest'

function mayUnshare(): boolean {
  try {
    execFileSync('unshare', ['--user', '--map-root-user', '--mount', '--net', 'sh', '-c', 'mount -t tmpfs none /mnt && ip link set lo up'])
    return true
  } catch {
    return false
  }
}

export const inNamespace = mayUnshare() ? test : test.skip
