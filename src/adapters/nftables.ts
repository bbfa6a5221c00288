import type { RuleSet, RuleSetElements } from '../core/firewall.ts'
import { FirewallError, type Firewall } from '../ports/firewall.ts'
import { filterBridges } from './bridge-filtering.ts'
import { hostRoutes } from './host-routes.ts'
import { FAMILIES, marksOf } from './nft-marks.ts'
import { runNft, type RunNft } from './nft-program.ts'

/** What this process has last made of the rules. */
interface Asserted {
  readonly rules: RuleSet
  readonly frameMark: string
  /** Undefined when sets have changed since somebody looked. */
  readonly setsMark: string | undefined
}

/** nftables, by its own program: a script is one transaction (nft(8), `-f`). */
export function nftables(nft: RunNft = runNft(), ready = filterBridges): Firewall {
  let asserted: Asserted | undefined
  const apply = (lines: readonly string[], signal: AbortSignal): Promise<string> =>
    nft(['-f', '-'], lines.join('\n'), signal)

  async function makeWhole(rules: RuleSet, signal: AbortSignal): Promise<void> {
    asserted = undefined
    await apply([rules.frame, ...rules.sets.map((one) => added(rules.table, one))], signal)
    asserted = { rules, ...(await marksOf(nft, rules.table, signal)) }
  }

  /** Chains stay, and with them what the kernel counts. */
  async function refill(now: Asserted, sets: RuleSet['sets'], signal: AbortSignal): Promise<void> {
    const { table } = now.rules
    await apply(
      sets.flatMap((one) => [flushed(table, one), added(table, one)]),
      signal,
    )
    asserted = { ...now, setsMark: undefined }
  }

  /** Makes everything anew that is not as it was left or is to be; answers whether another hand has changed it. */
  async function settle(before: Asserted, rules: RuleSet, signal: AbortSignal): Promise<boolean> {
    const now = await marksOf(nft, rules.table, signal).catch(undefinedIfRefused)
    if (now?.frameMark !== before.frameMark) {
      await makeWhole(rules, signal)
      return true
    }
    const isChanged = before.setsMark !== undefined && before.setsMark !== now.setsMark
    const isWanted = rules.sets.every((one) => isIn(before.rules, one))
    if (before.setsMark === now.setsMark && isWanted) return false
    await refill({ ...before, rules }, rules.sets, signal)
    asserted = { rules, ...(await marksOf(nft, rules.table, signal)) }
    return isChanged
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
        undefinedIfRefused(error)
        // Another hand has removed a set, or all.
        await makeWhole(rules, signal)
      }
    },

    async settle(rules, signal) {
      await ready()
      const before = asserted
      if (before?.rules.frame === rules.frame) return settle(before, rules, signal)
      await makeWhole(rules, signal)
      return false
    },

    hostRanges: () =>
      Promise.resolve(hostRoutes().flatMap(({ range, isOnLink }) => (isOnLink ? [range] : []))),

    async remove(table, signal) {
      asserted = undefined
      await apply(gone(table), signal)
    },
  }
}

/** A table that is not there is refused, as everything is that has to do with it. */
function undefinedIfRefused(error: unknown): undefined {
  if (!(error instanceof FirewallError)) throw error
}

const isIn = ({ sets }: RuleSet, { family, name, elements }: RuleSetElements): boolean =>
  sets.some(
    (one) =>
      one.family === family &&
      one.name === name &&
      one.elements.length === elements.length &&
      one.elements.every((element, i) => element === elements[i]),
  )

/** Deleting a table that is not there would fail, so it is made first. */
const gone = (table: string): string[] =>
  FAMILIES.map((family) => `${family} ${table}`).flatMap((one) => [
    `add table ${one}`,
    `delete table ${one}`,
  ])

const flushed = (table: string, { family, name }: RuleSetElements): string =>
  `flush set ${family} ${table} ${name}`

const added = (table: string, { family, name, elements }: RuleSetElements): string =>
  elements.length === 0 ? '' : `add element ${family} ${table} ${name} { ${elements.join(', ')} }`
