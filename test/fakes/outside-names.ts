import type { NamedAddress, OutsideNames } from '../../src/ports/outside-names.ts'

/** Names of the world, in memory. */
export class FakeOutsideNames implements OutsideNames {
  readonly all = new Map<string, readonly NamedAddress[]>()
  /** Nobody can be asked while it is set. */
  isAway = false
  /** What was asked for, in order. */
  readonly asked: string[] = []

  resolve(name: string): Promise<readonly NamedAddress[]> {
    this.asked.push(name)
    if (this.isAway) return Promise.reject(new Error('no server answers'))
    return Promise.resolve(this.all.get(name) ?? [])
  }
}
