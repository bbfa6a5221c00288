import { FirewallError, type Firewall } from '../../src/ports/firewall.ts'
import type { Cidr } from '../../src/core/cidr.ts'
import type { RuleSet } from '../../src/core/firewall.ts'

/** The packet filter of a host, in memory. */
export class FakeFirewall implements Firewall {
  rules: RuleSet | undefined
  /** Refuses every change while it is set. */
  refuses = false
  ranges: readonly Cidr[] = []
  /** How often everything was looked at. */
  looks = 0

  assert(rules: RuleSet): Promise<void> {
    if (this.refuses) return Promise.reject(new FirewallError('nft: no'))
    this.rules = rules
    return Promise.resolve()
  }

  async settle(rules: RuleSet): Promise<boolean> {
    this.looks += 1
    const wasGone = this.rules === undefined
    await this.assert(rules)
    return wasGone
  }

  hostRanges(): Promise<readonly Cidr[]> {
    return Promise.resolve(this.ranges)
  }

  remove(): Promise<void> {
    this.rules = undefined
    return Promise.resolve()
  }

  /** What is in a set of that name. */
  set(name: string): readonly string[] {
    return this.rules?.sets.find((one) => one.name === name)?.elements ?? []
  }
}
