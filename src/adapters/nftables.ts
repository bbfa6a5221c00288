import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { RuleSet, RuleSetElements } from '../core/firewall.ts'
import { FirewallError, type Firewall, type FirewallChange } from '../ports/firewall.ts'
import { hostRoutes } from './host-routes.ts'

const DEADLINE_MS = 10_000
const OUTPUT_MOST_BYTES = 64 * 1024 * 1024
const FAMILIES = ['inet', 'bridge'] as const

/** Runs nft(8) with a script on its input; answers what it prints. */
export type RunNft = (
  words: readonly string[],
  script: string,
  signal: AbortSignal,
) => Promise<string>

interface Asserted {
  readonly rules: RuleSet
  /** Of what the kernel showed right after. */
  readonly mark: string
}

/** nftables, by its own program: a script is one transaction (nft(8), `-f`). */
export function nftables(nft: RunNft = runNft): Firewall {
  let asserted: Asserted | undefined

  async function change(rules: RuleSet, signal: AbortSignal): Promise<FirewallChange> {
    const before = asserted
    const isOurs = before !== undefined && before.rules.frame === rules.frame
    if (!isOurs || (await markOf(rules.table, signal)) !== before.mark) {
      await nft(
        ['-f', '-'],
        [rules.frame, ...rules.sets.map(added(rules.table))].join('\n'),
        signal,
      )
      return 'whole'
    }
    const changed = rules.sets.filter((one) => !isIn(before.rules, one))
    if (changed.length === 0) return 'none'
    const lines = changed.flatMap((one) => [flushed(rules.table)(one), added(rules.table)(one)])
    await nft(['-f', '-'], lines.join('\n'), signal)
    return 'sets'
  }

  /** Undefined where a table is not there. */
  async function markOf(table: string, signal: AbortSignal): Promise<string | undefined> {
    const hash = createHash('sha256')
    for (const family of FAMILIES) {
      const text = await nft(['-j', '-s', 'list', 'table', family, table], '', signal).catch(
        (error: unknown) => {
          if (error instanceof FirewallError) return undefined
          throw error
        },
      )
      if (text === undefined) return undefined
      hash.update(lasting(text))
    }
    return hash.digest('hex')
  }

  return {
    async assert(rules, signal) {
      const made = await change(rules, signal)
      if (made === 'none') return made
      asserted = undefined
      const mark = await markOf(rules.table, signal)
      if (mark !== undefined) asserted = { rules, mark }
      return made
    },

    hostRanges: () =>
      Promise.resolve(hostRoutes().flatMap(({ range, isOnLink }) => (isOnLink ? [range] : []))),

    async remove(table, signal) {
      const lines = FAMILIES.flatMap((family) => [
        `add table ${family} ${table}`,
        `delete table ${family} ${table}`,
      ])
      await nft(['-f', '-'], lines.join('\n'), signal)
      asserted = undefined
    },
  }
}

const isIn = ({ sets }: RuleSet, { family, name, elements }: RuleSetElements): boolean =>
  sets.some(
    (one) =>
      one.family === family &&
      one.name === name &&
      one.elements.length === elements.length &&
      one.elements.every((element, i) => element === elements[i]),
  )

const flushed =
  (table: string) =>
  ({ family, name }: RuleSetElements): string =>
    `flush set ${family} ${table} ${name}`

const added =
  (table: string) =>
  ({ family, name, elements }: RuleSetElements): string =>
    elements.length === 0 ? '' : `add element ${family} ${table} ${name} { ${elements.join(', ')} }`

const Listing = z.object({ nftables: z.array(z.record(z.string(), z.unknown())) })
const DynamicSet = z.object({ set: z.object({ flags: z.array(z.string()) }) })

/** What only changes when somebody changes it: not what the kernel notes in dynamic sets. */
function lasting(text: string): string {
  const { nftables: objects } = Listing.parse(JSON.parse(text))
  return JSON.stringify(objects.filter((one) => !isDynamic(one) && !('metainfo' in one)))
}

const isDynamic = (object: unknown): boolean => {
  const read = DynamicSet.safeParse(object)
  return read.success && read.data.set.flags.includes('dynamic')
}

const runNft: RunNft = (words, script, signal) =>
  new Promise((resolve, reject) => {
    const either = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)])
    const child = spawn('nft', [...words], { signal: either, stdio: ['pipe', 'pipe', 'pipe'] })
    let [said, complained] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.length > OUTPUT_MOST_BYTES) child.kill()
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complained = (complained + text).slice(0, 4096)
    })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(said)
      else reject(new FirewallError(`nft ${words.join(' ')}: ${complained.trim()}`))
    })
    // One that has ended reads no more, and says so itself.
    child.stdin.on('error', () => undefined).end(script)
  })
