import type { Challenge } from '../../proxy/core/challenges.ts'
import type { ToEdge } from '../../proxy/link.ts'

/** A worker of the ingress, as far as challenges go. */
export interface Shower {
  readonly role: string
  /** undefined: it is not there. */
  readonly version: number | undefined
  readonly link: { readonly send: (message: ToEdge) => void }
}

/** Tells every ingress worker what public authorities will ask for, and knows who shows it. */
export function challengesFor(peers: readonly Shower[]) {
  const shown = new WeakMap<Shower, number>()
  let last: readonly Challenge[] = []
  let version = 0
  const workers = peers.filter(({ role }) => role !== 'dns')
  const send = ({ link }: Shower): void =>
    link.send({ type: 'challenges', version, challenges: last })

  return {
    /** Tells one that has just come up. */
    greeted(peer: Shower): void {
      shown.delete(peer)
      if (version > 0 && workers.includes(peer)) send(peer)
    },
    shows: (peer: Shower, itsVersion: number): void => void shown.set(peer, itsVersion),
    replace(challenges: readonly Challenge[]): void {
      last = challenges
      version += 1
      workers.forEach(send)
    },
    /** Those that are there and do not show the last of it yet. */
    late: (): Shower[] =>
      workers.filter((one) => one.version !== undefined && (shown.get(one) ?? 0) < version),
  }
}
