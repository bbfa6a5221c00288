import { execFile } from 'node:child_process'
import { readFile, readdir, readlink } from 'node:fs/promises'
import { basename } from 'node:path'
import { promisify } from 'node:util'
import type { Cable, Cables } from '../ports/cables.ts'

const LOOK_MS = 5_000
const NETWORK = '/sys/class/net'
const run = promisify(execFile)

/**
 * Asks from inside the process's network namespace for its links, with the host's own program: nothing there is
 * the tenant's to answer. A link names its other end by number (ip-link(8), `link_index`), which counts only if
 * that end is on a bridge of this host.
 */
export const hostCables: Cables = {
  async of(pid, signal) {
    const ends = await endsOf(pid, signal)
    if (ends.length === 0) return new Map()
    const ports = await bridgePorts()
    return new Map(
      ends.flatMap(({ address, index }) => {
        const cable = ports.get(index)
        return cable ? [[address, cable] as const] : []
      }),
    )
  },
}

interface End {
  readonly address: string
  /** Of the other end, on the host. */
  readonly index: number
}

async function endsOf(pid: number, signal: AbortSignal): Promise<End[]> {
  const words = [`--net=/proc/${pid}/ns/net`, 'ip', '-j', 'link', 'show', 'type', 'veth']
  try {
    const { stdout } = await run('nsenter', words, { signal, timeout: LOOK_MS })
    return linksIn(stdout)
  } catch (error) {
    signal.throwIfAborted()
    // It has ended meanwhile; nsenter has no other way to say so than to fail.
    if (error instanceof Error && 'stderr' in error) return []
    throw error
  }
}

/** Reads what `ip -j link` prints. */
export function linksIn(text: string): End[] {
  const links: unknown = JSON.parse(text === '' ? '[]' : text)
  if (!Array.isArray(links)) return []
  return links.flatMap((link: unknown) => {
    if (typeof link !== 'object' || link === null) return []
    if (!('address' in link) || !('link_index' in link)) return []
    const { address, link_index: index } = link
    return typeof address === 'string' && typeof index === 'number' ? [{ address, index }] : []
  })
}

/** Interfaces of this host that are in a bridge, by number. */
async function bridgePorts(): Promise<ReadonlyMap<number, Cable>> {
  const names = await readdir(NETWORK)
  const found = await Promise.all(
    names.map(async (port) => {
      try {
        const bridge = basename(await readlink(`${NETWORK}/${port}/master`))
        const index = Number(await readFile(`${NETWORK}/${port}/ifindex`, 'utf8'))
        return [[index, { port, bridge }] as const]
      } catch {
        // In no bridge, or gone.
        return []
      }
    }),
  )
  return new Map(found.flat())
}
