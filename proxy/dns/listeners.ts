import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../../src/log.ts'
import { withoutMapping } from '../core/dns-address.ts'
import type { Endpoint } from '../core/dns-resolvers.ts'
import type { AnswerTo, Reply } from './answerer.ts'
import { openTcp, type TcpLimits, type TcpListener } from './tcp.ts'
import { openUdp, type UdpSocket } from './udp.ts'

export interface ListenersDeps {
  readonly log: Log
  readonly limits: TcpLimits
  readonly answer: AnswerTo
}

interface Pair {
  readonly host: string
  readonly udp: UdpSocket
  readonly tcp: TcpListener
}

/** How often it is looked whether the last answer is out. */
const DRAIN_LOOK_MS = 10

/** Port 0 lets the kernel pick for UDP; the same number may be taken for TCP. */
const PICKS_MAX = 8

/** The sockets of a responder: one for datagrams and one for connections on each address. */
export function listeners(deps: ListenersDeps) {
  const pairs: Pair[] = []
  const bound = (): Endpoint[] => pairs.map(({ host, udp }) => ({ host, port: udp.port }))

  /** All addresses or none. Resolves with the ports, those that were picked where 0 was asked for. */
  async function listen(
    addresses: readonly Endpoint[],
    { reusePort }: { readonly reusePort: boolean },
    signal: AbortSignal,
  ): Promise<readonly Endpoint[]> {
    try {
      for (const address of addresses) {
        signal.throwIfAborted()
        pairs.push(await openPair(deps, { ...address, reusePort }, PICKS_MAX))
      }
      signal.throwIfAborted()
    } catch (error) {
      close()
      throw error
    }
    signal.addEventListener('abort', close, { once: true })
    return bound()
  }

  /** Takes no more connections, and waits until `isIdle` or the time is over. */
  async function drain(isIdle: () => boolean, graceMs: number): Promise<void> {
    for (const { tcp } of pairs) tcp.stop()
    for (let left = graceMs; left > 0 && !isIdle(); left -= DRAIN_LOOK_MS) {
      await delay(Math.min(left, DRAIN_LOOK_MS))
    }
  }

  function close(): void {
    for (const { udp, tcp } of pairs.splice(0)) {
      udp.close()
      tcp.close()
    }
  }

  const connections = (): number => pairs.reduce((sum, { tcp }) => sum + tcp.connections(), 0)
  return { listen, bound, drain, close, connections }
}

interface Place extends Endpoint {
  readonly reusePort: boolean
}

async function openPair(deps: ListenersDeps, place: Place, picks: number): Promise<Pair> {
  const udp = await openDatagrams(deps, place)
  try {
    return { host: place.host, udp, tcp: await openConnections(deps, { ...place, port: udp.port }) }
  } catch (error) {
    udp.close()
    if (place.port !== 0 || picks <= 1) throw error
    return openPair(deps, place, picks - 1)
  }
}

function openConnections({ log, limits, answer }: ListenersDeps, place: Place) {
  const { host } = place
  return openTcp({
    ...place,
    limits,
    onMessage(packet, address, reply) {
      guarded(log, () => answer(packet, { address, back: null, isStream: true }, reply))
    },
    onError: (error) => log('warn', 'DNS connections failed', { host, error: error.message }),
  })
}

async function openDatagrams({ log, answer }: ListenersDeps, place: Place): Promise<UdpSocket> {
  const { host } = place
  const send: Reply = (reply, to) => {
    // What is more than one message went over a stream.
    if (!Buffer.isBuffer(reply) || to.back === null) return
    socket.send(reply, to.back.port, to.back.address)
  }
  const socket: UdpSocket = await openUdp({
    ...place,
    onPacket(packet, port, address) {
      // Nobody can be answered on port 0; whoever forges it wants our error.
      if (port === 0) return
      const back = { address, port }
      const from = { address: withoutMapping(address), back, isStream: false }
      try {
        answer(packet, from, send)
      } catch (error) {
        told(log, error)
      }
    },
    onError: (error) => log('debug', 'DNS datagram failed', { host, error: error.message }),
  })
  return socket
}

/** A mistake of ours in one packet must not end the service for all. */
function guarded(log: Log, work: () => void): void {
  try {
    work()
  } catch (error) {
    told(log, error)
  }
}

function told(log: Log, error: unknown): void {
  log('error', 'Cannot answer a DNS packet', { error: String(error) })
}
