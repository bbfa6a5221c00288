import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { BootstrapError } from './failure.js'

/** As long as a slow download may take another bootstrap that holds the lock. */
const LOCK_SECONDS = 900

/**
 * Runs `work` while no other process holds the lock of that file.
 *
 * The lock is flock(2) on a descriptor of ours, taken by util-linux's `flock`, which shares it: it
 * ends with this process however that dies, so there is no stale lock to judge. Node marks its
 * descriptors close-on-exec, so a daemon started meanwhile does not keep it.
 *
 * @template T
 * @param {string} path
 * @param {(message: string) => void} say
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(path, say, work) {
  mkdirSync(dirname(path), { recursive: true })
  const descriptor = openSync(path, 'a', 0o600)
  try {
    if (!locked(descriptor, ['-n'])) {
      say('Another bootstrap is at work here; waiting for it')
      if (!locked(descriptor, ['-w', String(LOCK_SECONDS)])) {
        throw new BootstrapError(
          `Cannot take the lock "${path}": another bootstrap has held it too long`,
        )
      }
    }
    return await work()
  } finally {
    closeSync(descriptor)
  }
}

/** @param {number} descriptor @param {string[]} options */
function locked(descriptor, options) {
  const { status, error } = spawnSync('flock', ['-x', ...options, '3'], {
    stdio: ['ignore', 'ignore', 'inherit', descriptor],
  })
  if (error)
    throw new BootstrapError('Cannot run flock, which is part of util-linux', { cause: error })
  return status === 0
}
