import type { HostNames } from '../../src/ports/host-names.ts'

/** Names with the addresses that a test gives them; all others cannot be found. */
export class FakeNames implements HostNames {
  readonly all = new Map<string, readonly string[]>()
  readonly own = new Set<string>()

  addresses(name: string): Promise<readonly string[]> {
    return Promise.resolve(this.all.get(name) ?? [])
  }

  isOwn(address: string): boolean {
    return this.own.has(address)
  }
}
