import { createSocket } from 'node:dgram'
import { once } from 'node:events'

/**
 * A name server that knows some names: it answers a question for one with its address, any other with
 * NXDOMAIN. `asked` are the names in the order in which they came.
 */
export async function nameServer(
  listen: string,
  known: Readonly<Record<string, string>>,
  port = 53,
) {
  const socket = createSocket('udp4')
  const asked: string[] = []
  socket.on('message', (query, from) => {
    const { name, end } = questionOf(query)
    asked.push(name)
    const isA = query.readUInt16BE(end - 4) === 1
    const address = known[name]
    const answers = address !== undefined && isA ? 1 : 0
    const head = Buffer.from(query.subarray(0, 12))
    head.writeUInt16BE(address === undefined ? 0x8183 : 0x8180, 2)
    head.writeUInt16BE(answers, 6)
    head.writeUInt32BE(0, 8)
    const record = [
      0xc0,
      12,
      0,
      1,
      0,
      1,
      0,
      0,
      0,
      60,
      0,
      4,
      ...(address ?? '').split('.').map(Number),
    ]
    const answer = [head, query.subarray(12, end), Buffer.from(answers > 0 ? record : [])]
    socket.send(Buffer.concat(answer), from.port, from.address)
  })
  socket.bind(port, listen)
  await once(socket, 'listening')
  return { asked, port: socket.address().port, close: () => socket.close() }
}

function questionOf(query: Buffer): { name: string; end: number } {
  const labels: string[] = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += length + 1
  }
  return { name: labels.join('.').toLowerCase(), end: at + 5 }
}
