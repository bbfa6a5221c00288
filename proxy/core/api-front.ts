import type { Member } from './route-table.ts'
import type { App } from './routing.ts'

/** The platform's own API behind the ingress, as the control plane tells the workers with the certificates. */
export interface ApiFront {
  /** In lower case; never within, above or one of the domains of apps. */
  readonly host: string
  /** `https://api.example.com`, with its port where that is not the usual one. */
  readonly origin: string
  /** Where the API listens. */
  readonly address: string
  readonly port: number
  /** Known to the ingress and the control plane alone: who shows it is believed who the client is. */
  readonly mark: string
}

/** With it the API is told whose request it is. A client's own field of that name never gets through. */
export const EDGE_FIELD = 'X-Cloudlet-Edge'

/** No app has such a key, and no tenant such a slug. */
const KEY = '_api'

/** The API as an app of nobody's, with one member that is always there to be asked. */
export function appOfFront(front: ApiFront): App {
  const { address, port } = front
  const member: Member = {
    id: KEY,
    tenant: KEY,
    name: KEY,
    address,
    state: 'running',
    run: 0,
    port,
    check: null,
  }
  return { key: KEY, tenant: KEY, members: [member], front }
}

/** The line with which a request goes to the API, and to nobody else. */
export const edgeLine = (front: ApiFront | undefined, peer: string): string =>
  front === undefined ? '' : `${EDGE_FIELD}: ${front.mark} ${peer}\r\n`
