import { DatagramReader, framedDatagram } from '../core/datagrams.ts'
import type { Carrier } from './carrier.ts'

/** Where the datagrams of one stream go. */
export interface DatagramOutlet {
  send(datagram: Buffer): void
  close(): void
}

export interface DatagramEnd {
  /** Passes one on; what finds no room is lost, as on any network. */
  send(datagram: Buffer): void
  close(): void
}

/** A flow that nothing is heard of for so long is over (RFC 4787 §4.3 asks for two minutes at least). */
export const UDP_IDLE_MS = 2 * 60_000

export function joinUdp(carrier: Carrier, stream: number, outlet: DatagramOutlet): DatagramEnd {
  const reader = new DatagramReader()
  const idle = setTimeout(() => end.close(), UDP_IDLE_MS).unref()
  const end: DatagramEnd = {
    send(datagram) {
      idle.refresh()
      const framed = framedDatagram(datagram)
      if (carrier.isFull || carrier.creditOf(stream) < framed.length) return
      carrier.send(stream, framed)
    },
    close() {
      clearTimeout(idle)
      carrier.reset(stream, 'it is over')
      outlet.close()
    },
  }
  carrier.use(stream, {
    received(bytes) {
      idle.refresh()
      for (const datagram of reader.read(bytes)) outlet.send(datagram)
      carrier.consumed(stream, bytes.length)
    },
    ended: () => end.close(),
    reset() {
      clearTimeout(idle)
      outlet.close()
    },
    moreRoom: () => undefined,
  })
  return end
}
