import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { FirewallError } from '../ports/firewall.ts'

const FOLDER = '/proc/sys/net/bridge'
const SETTINGS = ['bridge-nf-call-iptables', 'bridge-nf-call-ip6tables'] as const
const LOAD_MS = 5_000
const run = promisify(execFile)

/**
 * Has packets between two containers of one bridge pass the chains of `inet` as well (kernel, ip-sysctl: /proc/sys/net/bridge).
 * The engine sets the same for its own rules.
 */
export async function filterBridges(folder = FOLDER): Promise<void> {
  try {
    await settle(folder)
  } catch {
    // The module that has these settings may not be loaded yet.
    await run('modprobe', ['br_netfilter'], { timeout: LOAD_MS }).catch(() => undefined)
    await settle(folder).catch((cause: unknown) => {
      throw new FirewallError(`Cannot set ${folder}/${SETTINGS.join(', ')}: load br_netfilter`, {
        cause,
      })
    })
  }
}

async function settle(folder: string): Promise<void> {
  for (const name of SETTINGS) {
    const path = `${folder}/${name}`
    if ((await readFile(path, 'utf8')).trim() !== '1') await writeFile(path, '1')
  }
}
