import type { Cidr } from '../core/cidr.ts'
import type { RuleSet } from '../core/firewall.ts'

/** The host's packet filter. It touches the instance's own tables and nothing else. */
export interface Firewall {
  /**
   * Makes the rules these, in one transaction: where it fails, those that were there hold. It believes that they
   * are as it has left them.
   */
  assert(rules: RuleSet, signal: AbortSignal): Promise<void>
  /** The same, and believes nothing; answers whether another hand had changed them. */
  settle(rules: RuleSet, signal: AbortSignal): Promise<boolean>
  /** Ranges that the host itself is in. */
  hostRanges(): Promise<readonly Cidr[]>
  remove(table: string, signal: AbortSignal): Promise<void>
}

/** The host refused. Nothing has changed. */
export class FirewallError extends Error {
  override readonly name = 'FirewallError'
}
