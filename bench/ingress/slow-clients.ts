import { connect, type Socket } from 'node:net'

const BYTE_EVERY_MS = 1000

/** Clients that never come to the end of their heads: a byte a second each, for as long as they are let. */
export function slowClients(count: number, port: number, host: string): { close(): void } {
  const sockets = new Set<Socket>()
  const open = (): void => {
    const socket = connect({ host: '127.0.0.1', port })
    sockets.add(socket)
    socket.on('error', () => undefined)
    // Whoever is turned away comes again.
    socket.on('close', () => {
      if (sockets.delete(socket) && !isOver) open()
    })
    socket.resume().write(`GET / HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `)
  }
  let isOver = false
  for (let i = 0; i < count; i++) open()
  const timer = setInterval(() => {
    for (const socket of sockets) socket.write('x')
  }, BYTE_EVERY_MS)
  return {
    close() {
      isOver = true
      clearInterval(timer)
      for (const socket of sockets) socket.destroy()
    },
  }
}
