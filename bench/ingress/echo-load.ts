import { once } from 'node:events'
import { WebSocket } from 'ws'
import { quantileOf } from '../statistics.ts'
import type { Asked, Loaded } from './load.ts'

const MESSAGE = 'x'.repeat(64)

/** One message after the other on each connection, the next when the last is back. */
export async function echoLoad(
  { port, host, connections, seconds }: Asked,
  signal: AbortSignal,
): Promise<Loaded> {
  const sockets = Array.from(
    { length: connections },
    () => new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { host }, perMessageDeflate: false }),
  )
  try {
    await Promise.all(sockets.map((socket) => once(socket, 'open', { signal })))
    const times: number[] = []
    const until = performance.now() + seconds * 1000
    await Promise.all(sockets.map((socket) => exchange(socket, until, times)))
    return {
      requests: times.length,
      p50Ms: quantileOf(times, 0.5),
      p99Ms: quantileOf(times, 0.99),
    }
  } finally {
    for (const socket of sockets) socket.terminate()
  }
}

/** Resolves when the time is up; a connection that is cut is an error. */
function exchange(socket: WebSocket, until: number, times: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let sentAt = performance.now()
    const send = (): void => {
      sentAt = performance.now()
      if (sentAt >= until) resolve()
      else socket.send(MESSAGE)
    }
    socket.on('message', () => {
      times.push(performance.now() - sentAt)
      send()
    })
    socket.on('close', () => reject(new Error('A WebSocket was cut')))
    send()
  })
}
