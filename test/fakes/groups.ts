import type { GroupLimits, TenantGroups } from '../../src/ports/tenant-groups.ts'

/** Groups of processes in memory, as they are now. */
export class FakeGroups implements TenantGroups {
  readonly all = new Map<string, GroupLimits>()

  ensure(group: string, limits: GroupLimits): Promise<string> {
    this.all.set(group, limits)
    return Promise.resolve(`/${group}`)
  }

  list(prefix: string): Promise<string[]> {
    return Promise.resolve([...this.all.keys()].filter((name) => name.startsWith(prefix)))
  }

  remove(group: string): Promise<void> {
    this.all.delete(group)
    return Promise.resolve()
  }
}
