import { FirewallError } from '../ports/firewall.ts'
import type { PeerPath, PeerPaths } from '../ports/peer-paths.ts'
import { runProgram, type RunProgram } from './host-program.ts'

/** Where the engine's rules for what leaves a bridge are, and how a path gets past them. */
const HOOKS = [
  // It hands on to no other bridge than the one that a packet has come from.
  {
    table: 'filter',
    chain: 'DOCKER-USER',
    rule: ({ from, to }: PeerPath) => ['-i', from, '-o', to],
  },
  // It gives what leaves a bridge the host's address.
  {
    table: 'nat',
    chain: 'POSTROUTING',
    rule: ({ fromRange, toRange }: PeerPath) => ['-s', fromRange, '-d', toRange],
  },
  // From release 28 on it drops what is for a container and has come in by any other interface.
  {
    table: 'raw',
    chain: 'PREROUTING',
    rule: ({ from, toRange }: PeerPath) => ['-i', from, '-d', toRange],
  },
] as const

/**
 * Paths by iptables(8), which the engine writes its rules with (`-w` waits for the lock that its own calls take): one chain of ours in each of three tables, and one
 * jump to it ahead of the engine's.
 *
 * @param chain at most 28 letters
 */
export function iptablesPaths(chain: string, run: RunProgram = runProgram): PeerPaths {
  let asserted: string | undefined

  const wanted = (paths: readonly PeerPath[]): string =>
    HOOKS.map(({ table, rule }) =>
      [
        `*${table}`,
        `:${chain} - [0:0]`,
        ...paths.map((path) => ['-A', chain, ...rule(path), '-j', 'ACCEPT'].join(' ')),
        'COMMIT',
        '',
      ].join('\n'),
    ).join('')

  async function isThere(paths: readonly PeerPath[], signal: AbortSignal): Promise<boolean> {
    if (paths.length === 0) return isGone(run, chain, signal)
    for (const { table, chain: of, rule } of HOOKS) {
      const listed = await run(['iptables', '-w', '-t', table, '-S', chain], '', signal)
      const jump = await run(['iptables', '-w', '-t', table, '-C', of, '-j', chain], '', signal)
      // Listed with the interfaces after the addresses, whatever the order was.
      const there = listed.said.split('\n').filter((line) => line.startsWith('-A'))
      const mine = paths.map((path) => ['-A', chain, ...rule(path), '-j', 'ACCEPT'].join(' '))
      const isSame = there.map(told).join('\n') === mine.map(told).join('\n')
      if (listed.code !== 0 || !isSame || jump.code !== 0) return false
    }
    return true
  }

  async function make(paths: readonly PeerPath[], signal: AbortSignal): Promise<void> {
    const restored = await run(['iptables-restore', '-w', '--noflush'], wanted(paths), signal)
    if (restored.code !== 0)
      throw new FirewallError(`iptables-restore: ${restored.complained.trim()}`)
    for (const { table, chain: of } of HOOKS) {
      const at = ['iptables', '-w', '-t', table]
      const jump = ['-j', chain]
      if ((await run([...at, '-C', of, ...jump], '', signal)).code === 0) continue
      const made = await run([...at, '-I', of, '1', ...jump], '', signal)
      if (made.code !== 0) throw new FirewallError(`iptables -I ${of}: ${made.complained.trim()}`)
    }
  }

  async function remove(signal: AbortSignal): Promise<void> {
    for (const { table, chain: of } of HOOKS) {
      const at = ['iptables', '-w', '-t', table]
      // What is not there is refused, which is as well.
      await run([...at, '-D', of, '-j', chain], '', signal)
      await run([...at, '-F', chain], '', signal)
      await run([...at, '-X', chain], '', signal)
    }
  }

  return {
    async assert(paths, isThorough, signal) {
      const script = wanted(paths)
      if (script === asserted && !isThorough) return
      if (asserted === undefined && paths.length === 0 && !isThorough) return
      if (!(await isThere(paths, signal))) {
        asserted = undefined
        if (paths.length === 0) await remove(signal)
        else await make(paths, signal)
      }
      asserted = script
    },
    remove,
  }
}

/** All three chains are made at once: the others need not be looked at, which would make their tables. */
async function isGone(run: RunProgram, chain: string, signal: AbortSignal): Promise<boolean> {
  const [{ table }] = HOOKS
  return (await run(['iptables', '-w', '-t', table, '-S', chain], '', signal)).code !== 0
}

const told = (line: string): string => line.split(' ').toSorted().join(' ')
