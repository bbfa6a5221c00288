import type { Cidr } from '../core/cidr.ts'
import type { RuleSet } from '../core/firewall.ts'

/** The host's packet filter. It touches the instance's own tables and nothing else. */
export interface Firewall {
  /**
   * Makes the rules these, in one transaction: where it fails, those that were there hold. What already is as it
   * should be is left alone, so that connections are counted on; what another hand has changed is made anew.
   */
  assert(rules: RuleSet, signal: AbortSignal): Promise<FirewallChange>
  /** Ranges that the host itself is in. */
  hostRanges(): Promise<readonly Cidr[]>
  remove(table: string, signal: AbortSignal): Promise<void>
}

/** `none`, other elements, or everything since it was not there or not as it had been left. */
export type FirewallChange = 'none' | 'sets' | 'whole'

/** The host refused. Nothing has changed. */
export class FirewallError extends Error {
  override readonly name = 'FirewallError'
}
