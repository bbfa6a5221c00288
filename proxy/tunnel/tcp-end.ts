import type { Socket } from 'node:net'
import type { Carrier } from './carrier.ts'

/**
 * Joins a stream of a tunnel and a TCP connection: each side as fast as the other takes it, each half
 * closed alone, an end that is no end in order passed on as one. The socket may still be connecting.
 */
export function joinTcp(carrier: Carrier, stream: number, socket: Socket): void {
  /** Read, and not yet sent: at most what came in one go, since no more is read meanwhile. */
  let held: Buffer | null = null
  let hasEnded = false
  let isOver = false

  function pump(): void {
    if (held !== null) {
      const sent = carrier.isFull ? 0 : carrier.send(stream, held)
      held = sent === held.length ? null : held.subarray(sent)
    }
    if (held !== null || carrier.isFull) socket.pause()
    else if (hasEnded) carrier.end(stream)
    else socket.resume()
  }

  socket.setNoDelay(true)
  socket.on('data', (bytes: Buffer) => {
    held = held === null ? bytes : Buffer.concat([held, bytes])
    pump()
  })
  socket.on('end', () => {
    hasEnded = true
    if (held === null) carrier.end(stream)
  })
  socket.on('error', (error) => {
    isOver = true
    carrier.reset(stream, reasonOf(error))
  })
  socket.on('close', () => {
    // Both halves have ended in order, or an error has been passed on already.
    if (!isOver && !(hasEnded && socket.writableFinished)) carrier.reset(stream, 'it was closed')
    isOver = true
  })
  carrier.use(stream, {
    received(bytes) {
      socket.write(bytes, (error) => {
        if (!error) carrier.consumed(stream, bytes.length)
      })
    },
    ended: () => void socket.end(),
    reset() {
      isOver = true
      // One that is still connecting would first wait for that.
      if (socket.connecting) socket.destroy()
      else socket.resetAndDestroy()
    },
    moreRoom: pump,
  })
  // It may have been taken in paused.
  pump()
}

/** Of node:net, as a person would say it. */
function reasonOf(error: Error): string {
  const code = 'code' in error ? String(error.code) : ''
  return REASONS[code] ?? `it failed (${code === '' ? error.name : code})`
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens on that port',
  ECONNRESET: 'it was reset',
  EPIPE: 'it was reset',
  ETIMEDOUT: 'it does not answer',
  EHOSTUNREACH: 'it cannot be reached',
}
