import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { RuleSet, RuleSetElements } from '../core/firewall.ts'
import { FirewallError, type Firewall } from '../ports/firewall.ts'
import { hostRoutes } from './host-routes.ts'

const DEADLINE_MS = 10_000
const OUTPUT_MOST_BYTES = 64 * 1024 * 1024
const FAMILIES = ['inet', 'bridge'] as const

/** Runs nft(8), with a script on its input where there is one; answers what it prints. */
export type RunNft = (
  words: readonly string[],
  script: string,
  signal: AbortSignal,
) => Promise<string>

interface NftInput {
  readonly script: string
  /** How it is called; other words than `nft` put it into a network namespace. */
  readonly program?: readonly string[]
}

/** What this process has last made of the rules. */
interface Asserted {
  readonly rules: RuleSet
  /** Of the chains and of what sets there are, as the kernel showed them right after they were made. */
  readonly frameMark: string
  /** Of what is in the sets; undefined when they have changed since somebody looked. */
  readonly setsMark?: string
}

/** nftables, by its own program: a script is one transaction (nft(8), `-f`). */
export function nftables(nft: RunNft = runOnHost): Firewall {
  let asserted: Asserted | undefined
  const apply = (lines: readonly string[], signal: AbortSignal): Promise<string> =>
    nft(['-f', '-'], lines.join('\n'), signal)

  async function makeWhole(rules: RuleSet, signal: AbortSignal): Promise<void> {
    asserted = undefined
    await apply([rules.frame, ...rules.sets.map((one) => added(rules.table, one))], signal)
    asserted = { rules, ...(await marksOf(rules.table, signal)) }
  }

  /** Chains stay, and with them what the kernel counts. */
  async function refill(
    { rules, frameMark }: Asserted,
    sets: readonly RuleSetElements[],
    signal: AbortSignal,
  ): Promise<void> {
    await apply(
      sets.flatMap((one) => [flushed(rules.table, one), added(rules.table, one)]),
      signal,
    )
    asserted = { rules, frameMark }
  }

  async function marksOf(
    table: string,
    signal: AbortSignal,
  ): Promise<{ frameMark: string; setsMark: string }> {
    const texts = []
    for (const family of FAMILIES) {
      texts.push(await nft(['-j', '-s', 'list', 'table', family, table], '', signal))
    }
    return { frameMark: markOf(texts.map(frameIn)), setsMark: markOf(texts.map(setsIn)) }
  }

  return {
    async assert(rules, signal) {
      const before = asserted
      if (before?.rules.frame !== rules.frame) return makeWhole(rules, signal)
      const changed = rules.sets.filter((one) => !isIn(before.rules, one))
      if (changed.length === 0) return
      try {
        await refill({ ...before, rules }, changed, signal)
      } catch (error) {
        if (!(error instanceof FirewallError)) throw error
        // Another hand has removed a set, or all.
        await makeWhole(rules, signal)
      }
    },

    async settle(rules, signal) {
      if (asserted?.rules.frame !== rules.frame) {
        await makeWhole(rules, signal)
        return false
      }
      const now = await marksOf(rules.table, signal).catch((error: unknown) => {
        if (error instanceof FirewallError) return undefined
        throw error
      })
      if (now?.frameMark !== asserted.frameMark) {
        await makeWhole(rules, signal)
        return true
      }
      const isChanged = asserted.setsMark !== undefined && asserted.setsMark !== now.setsMark
      const isAsWanted = rules.sets.every((one) => asserted && isIn(asserted.rules, one))
      if (asserted.setsMark === now.setsMark && isAsWanted) return false
      await refill({ ...asserted, rules }, rules.sets, signal)
      asserted = { rules, ...(await marksOf(rules.table, signal)) }
      return isChanged
    },

    hostRanges: () =>
      Promise.resolve(hostRoutes().flatMap(({ range, isOnLink }) => (isOnLink ? [range] : []))),

    async remove(table, signal) {
      asserted = undefined
      await apply(
        FAMILIES.flatMap((family) => [
          `add table ${family} ${table}`,
          `delete table ${family} ${table}`,
        ]),
        signal,
      )
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

const flushed = (table: string, { family, name }: RuleSetElements): string =>
  `flush set ${family} ${table} ${name}`

const added = (table: string, { family, name, elements }: RuleSetElements): string =>
  elements.length === 0 ? '' : `add element ${family} ${table} ${name} { ${elements.join(', ')} }`

const Listing = z.object({ nftables: z.array(z.record(z.string(), z.unknown())) })
const ListedSet = z.object({
  set: z.object({ flags: z.array(z.string()).default([]), elem: z.unknown() }).loose(),
})

const objectsIn = (text: string): Record<string, unknown>[] =>
  Listing.parse(JSON.parse(text)).nftables.filter((one) => !('metainfo' in one))

/** Chains, rules and which sets there are, without what is in them. */
const frameIn = (text: string): unknown =>
  objectsIn(text).map((one) => {
    const read = ListedSet.safeParse(one)
    return read.success ? { set: { ...read.data.set, elem: undefined } } : one
  })

/** What is in the sets that nobody but us fills. */
const setsIn = (text: string): unknown =>
  objectsIn(text).flatMap((one) => {
    const read = ListedSet.safeParse(one)
    return read.success && !read.data.set.flags.includes('dynamic') ? [read.data.set] : []
  })

const markOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex')

const runOnHost: RunNft = (words, script, signal) => runNft(words, { script }, signal)

export function runNft(
  words: readonly string[],
  { script, program = ['nft'] }: NftInput,
  signal: AbortSignal,
): Promise<string> {
  const [name = '', ...before] = program
  return new Promise((resolve, reject) => {
    const either = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)])
    const child = spawn(name, [...before, ...words], { signal: either, stdio: 'pipe' })
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
}
