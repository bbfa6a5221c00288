import { once } from 'node:events'
import { isIP } from 'node:net'
import { TunnelError, type At } from '../../../proxy/tunnel/client.ts'
import { createTunnel, type TunnelTicket } from '../../contract/tunnels.ts'
import type { Given } from '../arguments.ts'
import type { Work } from '../command.ts'
import type { Context } from '../context.ts'
import { CommandError, EXIT, usageError } from '../exit.ts'
import { failureText } from '../failure-text.ts'
import { listenTcp, listenUdp } from '../forwarding/listeners.ts'
import { portPair, type PortPair } from '../forwarding/ports.ts'
import { tunnelLine, type TunnelLine } from '../forwarding/tunnel-line.ts'
import { isSameEndpoint, type Session } from '../session.ts'
import { visible } from '../text.ts'

interface Asked {
  readonly container: string
  readonly protocol: 'tcp' | 'udp'
  readonly address: string
  /** In place of where the platform says that its ingress is. */
  readonly ingress: string | null
}

export const portForward: Work = async (context, given) => {
  const [container = '', ...texts] = given.positionals
  const pairs = texts.map(portPair)
  const asked = askedOf(container, given)
  for (const pair of pairs) await forwarded(context, asked, pair)
  const { signal } = context.world
  if (!signal.aborted) await once(signal, 'abort')
  return EXIT.interrupted
}

function askedOf(container: string, given: Given): Asked {
  const address = given.text('address') ?? '127.0.0.1'
  if (isIP(address) === 0) throw usageError(`Cannot listen on "${address}": it is no IP address`)
  const protocol = given.has('udp') ? 'udp' : 'tcp'
  return { container, protocol, address, ingress: given.text('ingress') }
}

/** Opens the tunnel first, so that what is wrong is said before anybody connects. */
async function forwarded(context: Context, asked: Asked, pair: PortPair): Promise<void> {
  const { address, container, protocol } = asked
  const { signal } = context.world
  const line = await lineOf(context, asked, pair)
  await line()
  const failed = (error: unknown): void => say(context, failureText(error).lines.join(': '))
  const listen = protocol === 'udp' ? listenUdp : listenTcp
  const listening = { address, port: pair.local, line, signal, failed }
  const port = await listen(listening).catch((error: unknown) => {
    throw unbound(`${address}:${pair.local}`, error)
  })
  const local = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
  const facts = { local, container, port: pair.remote, protocol }
  await context.print(
    context.json
      ? JSON.stringify(facts)
      : `${local} is now port ${pair.remote}/${protocol} of ${visible(container)}`,
  )
}

async function lineOf(context: Context, asked: Asked, { remote }: PortPair): Promise<TunnelLine> {
  const { protocol, container } = asked
  const session = await context.session()
  const { api, endpoint } = session
  const params = { tenant: await context.tenant(), container }
  const line = tunnelLine({
    ticket: () => api.call(createTunnel, { params, body: { port: remote, protocol } }),
    at: async (ticket) =>
      (await secureAt(asked, ticket, { world: context.world, session })) ??
      ingressAt(asked.ingress, ticket, endpoint),
    signal: context.world.signal,
    lost: (reason) =>
      say(context, `The tunnel has ended: ${reason}; the next connection opens another`),
  })
  return () =>
    line().catch((error: unknown) => {
      throw error instanceof TunnelError ? tunnelFailure(error) : error
    })
}

/** What happens between two connections is told as it happens; whether it is read is not waited for. */
const say = (context: Context, sentence: string): void =>
  void context.note(visible(sentence)).catch(() => undefined)

interface Here {
  readonly world: Context['world']
  readonly session: Session
}

/** Where the API was reached, if that was through the ingress and over TLS: the tunnel is as safe as the API. */
async function secureAt(
  { ingress }: Asked,
  { secure }: TunnelTicket,
  { world, session: { endpoint, profile } }: Here,
): Promise<At | null> {
  if (ingress !== null || secure === undefined || !isSameEndpoint(secure, endpoint)) return null
  const { hostname, port } = new URL(secure)
  const authorities = await world.trusting(profile.ca ?? null).authorities()
  return { host: hostname, port: Number(port || 443), authorities }
}

/**
 * Where the ingress is for us: as was said, else where it listens; where that is every address, on the
 * machine that the API is on.
 */
function ingressAt(said: string | null, { ingress }: TunnelTicket, endpoint: string) {
  const given = urlOf(said ?? ingress)
  const isEvery = said === null && ['0.0.0.0', '[::]', ''].includes(given.hostname)
  const host = isEvery ? new URL(endpoint).hostname : given.hostname
  return { host: host.replaceAll(/^\[|\]$/g, ''), port: Number(given.port || 80) }
}

function urlOf(text: string): URL {
  const url = `http://${text.startsWith(':') ? `[::]${text}` : text}`
  if (URL.canParse(url)) return new URL(url)
  throw usageError(`Cannot understand "${text}": it is no address`, 'Say --ingress <host>:<port>')
}

function tunnelFailure({ message, status }: TunnelError): CommandError {
  if (status !== null) return new CommandError(EXIT.failed, message)
  return new CommandError(
    EXIT.unreachable,
    message,
    'Say where it can be reached from here: --ingress <host>:<port>',
  )
}

function unbound(where: string, error: unknown): CommandError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const why = code === 'EADDRINUSE' ? 'another program has it' : code
  const message = `Cannot listen on ${where}: ${why}`
  return new CommandError(
    EXIT.failed,
    message,
    'Any free port: leave the first number out, ":5432"',
  )
}
