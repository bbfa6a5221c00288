import type { Socket } from 'node:net'

/** A table of tens of thousands of containers fits; a peer that sends more is not one of ours. */
const LINE_MOST_BYTES = 64 * 1024 * 1024

/**
 * Reads JSON documents, one a line, from a socket of the link. Only our own processes can open it, so a
 * line that is no JSON is a bug, and ends the connection.
 */
export function readLines(socket: Socket, take: (message: unknown) => void): void {
  let parts: Buffer[] = []
  let length = 0
  socket.on('data', (chunk: Buffer) => {
    let rest = chunk
    for (;;) {
      const end = rest.indexOf(0x0a)
      if (end < 0) break
      parts.push(rest.subarray(0, end))
      const line = Buffer.concat(parts).toString('utf8')
      parts = []
      length = 0
      rest = rest.subarray(end + 1)
      try {
        take(JSON.parse(line))
      } catch (cause) {
        socket.destroy(new Error('Cannot read a message of the link', { cause }))
        return
      }
    }
    parts.push(rest)
    length += rest.length
    if (length > LINE_MOST_BYTES) socket.destroy(new Error('A message of the link is too long'))
  })
}

/** Writes one message. A socket that is gone takes nothing: whoever comes next is told everything anew. */
export function writeLine(socket: Socket, message: object): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`)
}
