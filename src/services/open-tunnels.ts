import type { OpenTunnel, TunnelNews } from '../../proxy/link.ts'
import type { Session } from '../contract/sessions.ts'
import type { TunnelEdge } from '../ports/tunnel-edge.ts'
import type { LiveKey } from './live-keys.ts'
import type { Within } from './open-streams.ts'

export interface OpenTunnelDeps {
  readonly edge: TunnelEdge
  /** The key, or the session of a person, that a tunnel was opened with; undefined: it has ended. */
  readonly keyOf: (id: string, version: number) => LiveKey | undefined
}

/**
 * What is tunnelled at this moment, as the edge tells it. The edge carries the bytes with or without us;
 * here it is only seen to that no tunnel outlives its key: neither a key that ends now, nor one that
 * ended while this process was away.
 */
export function openTunnels({ edge, keyOf }: OpenTunnelDeps) {
  const open = new Map<string, OpenTunnel>()
  const ends = new Map<string, () => void>()

  function opened(tunnel: OpenTunnel): void {
    const { id, credential, version } = tunnel
    open.set(id, tunnel)
    const key = keyOf(credential, version)
    if (key === undefined) return edge.cutTunnel(id, 'its key has ended')
    const end = (): void => {
      if (open.get(id) === tunnel) edge.cutTunnel(id, 'its key has ended')
    }
    key.end.signal.addEventListener('abort', end, { once: true })
    ends.set(id, () => key.end.signal.removeEventListener('abort', end))
  }

  function closed(id: string): void {
    open.delete(id)
    ends.get(id)?.()
    ends.delete(id)
  }

  return {
    /** To be called once the keys are known: until then every tunnel would look like one without. */
    watch(): void {
      edge.onTunnels((news: TunnelNews) => {
        if (news.type === 'tunnel-opened') opened(news.tunnel)
        else closed(news.id)
      })
    },

    list: (tenant: Within): Session[] =>
      [...open.values()].filter((one) => isWithin(one, tenant)).map(sessionOf),

    find(
      tenant: Within,
      id: string,
    ): { session: Session; end: (reason: Error) => void } | undefined {
      const found = open.get(id)
      if (!found || !isWithin(found, tenant)) return undefined
      return { session: sessionOf(found), end: () => edge.cutTunnel(id, 'its session was ended') }
    },
  }
}
export type OpenTunnels = ReturnType<typeof openTunnels>

const isWithin = ({ tenant }: OpenTunnel, within: Within): boolean =>
  within === null || within.slug === tenant

const sessionOf = ({ id, actor, tenant, from, since }: OpenTunnel): Session => ({
  id,
  kind: 'tunnel',
  actor,
  action: 'tunnels.create',
  tenant,
  since: new Date(since).toISOString(),
  address: from,
})
