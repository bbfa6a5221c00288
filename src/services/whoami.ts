import type { Caller } from '../core/caller.ts'
import type { Clock } from '../ports/clock.ts'

export function whoamiService({ clock }: { readonly clock: Clock }) {
  return {
    show: ({ keyId, tenant, role, permissions }: Caller) => ({
      accessKeyId: keyId,
      tenant: tenant?.slug ?? null,
      role,
      permissions: [...permissions],
      serverTime: clock.now().toISOString(),
    }),
  }
}
export type WhoamiService = ReturnType<typeof whoamiService>
