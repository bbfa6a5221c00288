import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { promisify } from 'node:util'
import type { TenantGroups } from '../ports/tenant-groups.ts'
import { cgroupGroups } from './cgroup-groups.ts'
import { systemdGroups } from './systemd-groups.ts'

const ROOT = '/sys/fs/cgroup'
const SYSTEMCTL_MS = 10_000
const run = promisify(execFile)

/** Who looks after the host's groups: the engine has to be told names in its own form. */
export type CgroupDriver = 'cgroupfs' | 'systemd'

/** Null where this process cannot write groups of the host. */
export function hostGroups(driver: () => Promise<CgroupDriver>, root = ROOT): TenantGroups | null {
  const version = existsSync(`${root}/cgroup.controllers`) ? 2 : 1
  const folders = version === 1 ? ['cpu', 'memory', 'pids'].map((one) => `${root}/${one}`) : [root]
  if (!folders.every(isWritable)) return null

  const kernels = cgroupGroups({ root, version })
  const slices = systemdGroups({ root: version === 1 ? `${root}/systemd` : root, systemctl })
  const chosen = async (): Promise<TenantGroups> =>
    (await driver()) === 'systemd' ? slices : kernels
  return {
    ensure: async (group, limits) => (await chosen()).ensure(group, limits),
    list: async (prefix) => (await chosen()).list(prefix),
    remove: async (group) => (await chosen()).remove(group),
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

async function systemctl(words: readonly string[]): Promise<string> {
  const { stdout } = await run('systemctl', [...words], { timeout: SYSTEMCTL_MS })
  return stdout
}
