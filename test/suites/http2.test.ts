import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createSecureServer } from 'node:http2'
import { join } from 'node:path'
import { test } from 'node:test'
import { z } from 'zod'
import { backend, member } from '../proxy/ingress/kit.ts'
import { certificateOf, secureWorld, TICKET_KEYS } from '../proxy/ingress/tls-kit.ts'

const H2SPEC = join(import.meta.dirname, '../../tmp/go/h2spec')
const LONGEST_MS = 120_000

/**
 * The cases that nghttp2 sees otherwise than h2spec does, which is older than RFC 9113: docs/edge.md says why
 * of each. They fail in the same way with Node's own server, beside which ours runs here.
 */
const KNOWN = [
  'closed: Sends a DATA frame',
  'closed: Sends a DATA frame after sending RST_STREAM frame',
  'closed: Sends a HEADERS frame',
  'closed: Sends a HEADERS frame after sending RST_STREAM frame',
  'Sends a PING frame with ACK',
  'Sends a PRIORITY frame with 0x0 stream identifier',
  'Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream',
  'Sends PRIORITY frame that depend on itself',
  'Sends stream identifier that is numerically smaller than previous',
]

/** Fails where the answer was complete before the frame came: then its stream is closed, and it is let pass. */
const RACES = ['half closed (remote): Sends a DATA frame']

test('h2spec finds nothing that it does not find in Node’s own server', async (t) => {
  const answer = 'an answer of some length'
  const { port } = await backend(t, (request, response) => {
    request.resume().on('end', () => response.end(answer))
  })
  const { edge, securePort, tableOf } = await secureWorld(t)
  const certificate = await certificateOf('localhost')
  edge.update({
    table: tableOf([member(port)], { localhost: 'hello.demo' }),
    tls: { certificates: [certificate], ticketKeys: TICKET_KEYS },
  })
  const plain = createSecureServer(
    { cert: certificate.chain, key: certificate.key },
    (request, response) => request.resume().on('end', () => response.end(answer)),
  )
  t.after(() => plain.close())
  plain.listen(0, '127.0.0.1')
  await once(plain, 'listening')
  const { port: plainPort } = z.object({ port: z.number() }).parse(plain.address())

  const [ours, theirs] = await Promise.all([h2spec(securePort), h2spec(plainPort)])
  assert.ok(ours.tests >= 145, `only ${ours.tests} cases ran`)
  const known = [...theirs.failed, ...RACES]
  assert.deepEqual(
    ours.failed.filter((name) => !known.includes(name)),
    [],
  )
  assert.deepEqual(
    ours.failed.filter((name) => ![...KNOWN, ...RACES].includes(name)),
    [],
  )
})

interface Outcome {
  readonly tests: number
  readonly failed: readonly string[]
}

/** Its exit status is 1 where a case fails, so what it says counts. */
async function h2spec(port: number): Promise<Outcome> {
  const args = ['-h', 'localhost', '-p', String(port), '-t', '-k', '-o', '2']
  const said = await new Promise<string>((resolve) => {
    execFile(H2SPEC, args, { timeout: LONGEST_MS }, (_error, stdout) => resolve(stdout))
  })
  const tests = Number(/^(\d+) tests, /m.exec(said)?.[1])
  assert.ok(tests > 0, said)
  const failed = [...said.matchAll(/× \d+: (.+)$/gm)].map(([, name = '']) => name)
  return { tests, failed: [...new Set(failed)].toSorted() }
}
