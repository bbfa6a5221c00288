import { keyIdOf, type Caller } from '../core/caller.ts'
import { resourcesIn } from '../core/reach.ts'
import type { Clock } from '../ports/clock.ts'

export function whoamiService({ clock }: { readonly clock: Clock }) {
  return {
    show: ({ principal, tenant, role, permissions, actions, reach }: Caller) => ({
      accessKeyId: keyIdOf(principal),
      person: principal.kind === 'person' ? principal.email : null,
      tenant: tenant?.slug ?? null,
      role,
      permissions: [...permissions],
      actions: actions === null ? null : [...actions],
      resources: resourcesIn(reach),
      serverTime: clock.now().toISOString(),
    }),
  }
}
export type WhoamiService = ReturnType<typeof whoamiService>
