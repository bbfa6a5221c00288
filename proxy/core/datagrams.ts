/** Datagrams in a stream of bytes: two bytes of length before each (as RFC 7766 §8 does for DNS). */

export function framedDatagram(datagram: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(2 + datagram.length)
  framed.writeUInt16BE(datagram.length, 0)
  datagram.copy(framed, 2)
  return framed
}

/** Holds at most one datagram that is not whole yet. */
export class DatagramReader {
  #rest: Buffer = Buffer.alloc(0)

  read(bytes: Buffer): Buffer[] {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const whole: Buffer[] = []
    while (rest.length >= 2) {
      const end = 2 + rest.readUInt16BE(0)
      if (rest.length < end) break
      whole.push(rest.subarray(2, end))
      rest = rest.subarray(end)
    }
    // Copied, so that a few bytes do not hold on to all that came with them.
    this.#rest = Buffer.from(rest)
    return whole
  }
}
