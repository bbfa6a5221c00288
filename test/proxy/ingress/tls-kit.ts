import { connect as connectTls } from 'node:tls'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2'
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2'
import type { Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { Member } from '../../../proxy/core/route-table.ts'
import { x509Authority } from '../../../src/adapters/x509-authority.ts'
import type { IngressLimits } from '../../../proxy/ingress/limits.ts'
import type { InFront } from '../../../proxy/ingress/senders.ts'
import { HOST, worldOf, type World, type WorldWanted } from './kit.ts'

const authority = x509Authority()
const made = authority.create('Test authority', Date.now())
export const CA = made.then(({ chain }) => chain)

/** A certificate of these names that `CA` vouches for. */
export async function certificateOf(...names: string[]) {
  const [issued] = await authority.issue(await made, [names], Date.now())
  assert.ok(issued)
  const { chain, key } = issued
  return { names, chain, key }
}

export interface SecureWorld extends World {
  readonly securePort: number
}

export const TICKET_KEYS = Buffer.alloc(48, 7).toString('base64url')

/** An ingress that also ends TLS, with a certificate of `HOST`. */
export const secureWorld = (
  t: TestContext,
  limits: Partial<IngressLimits> = {},
  inFront: Partial<InFront> = {},
): Promise<SecureWorld> => secureWorldOf(t, { limits, inFront })

/** The same, with whatever else it may be told. */
export async function secureWorldOf(t: TestContext, wanted: WorldWanted): Promise<SecureWorld> {
  const one = await worldOf(t, wanted)
  const certificates = [await certificateOf(HOST, `*.other.cloud.local`)]
  one.edge.update({ tls: { certificates, ticketKeys: TICKET_KEYS } })
  const at = { host: '127.0.0.1', port: 0, isSecure: true }
  const { port: securePort } = await one.edge.listen(at, new AbortController().signal)
  return { ...one, securePort }
}

interface Reached {
  readonly servername?: string
  /** A connection that is there already. */
  readonly socket?: Socket
}

/** A connection of HTTP/2 to the ingress, gone with the test. */
export async function http2Client(
  t: TestContext,
  port: number,
  { servername = HOST, socket }: Reached = {},
): Promise<ClientHttp2Session> {
  const ca = await CA
  const session = connectHttp2(`https://${servername}`, {
    createConnection: () =>
      connectTls({
        ...(socket ? { socket } : { host: '127.0.0.1', port }),
        servername,
        ca,
        ALPNProtocols: ['h2'],
      }),
  })
  t.after(() => session.destroy())
  session.on('error', () => undefined)
  await once(session, 'connect')
  return session
}

export interface Http2Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** One request with its whole answer. */
export function askHttp2(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  content?: string | Buffer,
): Promise<Http2Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(
      { ':authority': HOST, ...headers },
      { endStream: content === undefined },
    )
    let found: IncomingHttpHeaders = {}
    const parts: Buffer[] = []
    stream.on('response', (got) => (found = got))
    stream.on('data', (bytes: Buffer) => parts.push(bytes))
    stream.on('error', reject)
    stream.on('end', () => {
      resolve({
        status: Number(found[':status']),
        headers: found,
        body: String(Buffer.concat(parts)),
      })
    })
    if (content !== undefined) stream.end(content)
  })
}

/** Another tenant's app on the same port of a backend. */
export const other = (member: Member): Member => ({
  ...member,
  id: 'other',
  tenant: 'other',
  name: 'shop',
})
