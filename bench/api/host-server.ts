import { createServer } from 'node:http'

/**
 * The peer: what this machine and runtime can do at most. Answers the same bytes without a look at
 * who asks or for what.
 */
const answer = process.argv[2] ?? ''
const headers = {
  'content-type': 'application/json',
  'content-length': Buffer.byteLength(answer),
}
const server = createServer((_request, response) => response.writeHead(200, headers).end(answer))
server.listen({ host: '127.0.0.1', port: Number(process.argv[3]) }, () => process.send?.({}))
process.on('disconnect', () => process.exit(0))
