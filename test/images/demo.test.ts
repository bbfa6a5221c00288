import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { page } from '../../images/demo/page.js'
import { frame, readFrame } from '../../images/demo/websocket.js'
import { pinnedRuntime } from '../../scripts/bootstrap/packages.js'

const ROOT = join(import.meta.dirname, '../..')

/** The server as its image runs it: on the pinned Node, whatever runs this test. */
async function demo(t: TestContext): Promise<{ url: string; end: () => Promise<unknown> }> {
  const env = { PORT: '0', CLOUDLET_NAME: 'hello', CLOUDLET_TENANT: 'demo', SECRET: 'hidden' }
  const child = spawn(pinnedRuntime(ROOT, 'node'), [join(ROOT, 'images/demo/server.js')], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const exit = once(child, 'exit')
  const ended = exit.then(([status]) => {
    throw new Error(`The demo ended with ${status} before it listened`)
  })
  const said = once(child.stdout.setEncoding('utf8'), 'data')
  const [line] = await Promise.race([said, ended])
  const port = /port (\d+)/.exec(String(line))?.[1]
  const end = async (): Promise<unknown> => {
    // Deno's own kill() names the signal as the end of a process that ended by itself.
    process.kill(child.pid ?? 0, 'SIGTERM')
    return exit
  }
  return { url: `http://127.0.0.1:${port}`, end }
}

/** A client's frame, which is always masked. */
function masked(opcode: number, body: Buffer, final = true): Buffer {
  const mask = Buffer.from([1, 2, 3, 4])
  const long = body.length > 125
  const head = Buffer.alloc(long ? 4 : 2)
  head[0] = (final ? 0x80 : 0) | opcode
  head[1] = 0x80 | (long ? 126 : body.length)
  if (long) head.writeUInt16BE(body.length, 2)
  const data = body.map((byte, i) => byte ^ (mask[i % 4] ?? 0))
  return Buffer.concat([head, mask, data])
}

test('the demo shows who it is, and the values of its own variables alone', async (t) => {
  const { url } = await demo(t)
  const home = await (await fetch(url)).text()
  assert.match(home, /<h1>hello is running<\/h1>/)
  assert.match(home, /<dd>demo<\/dd>/)
  assert.equal(await (await fetch(`${url}/healthz`)).text(), 'ok\n')
  const env = await (await fetch(`${url}/env`)).text()
  assert.match(env, /"SECRET"/)
  assert.doesNotMatch(env, /hidden/)
  const nowhere = await fetch(`${url}/nowhere`)
  assert.equal(nowhere.status, 404)
  await nowhere.text()
})

test('two demos that are left to choose their port listen on two', async (t) => {
  const [one, other] = [await demo(t), await demo(t)]
  assert.notEqual(one.url, other.url)
})

test('the demo echoes method and body, and answers HEAD without one', async (t) => {
  const { url } = await demo(t)
  const answer = await fetch(`${url}/echo?q=1`, { method: 'PUT', body: 'hi' })
  assert.match(await answer.text(), /"method": "PUT",\n\s+"url": "\/echo\?q=1"[^]*"body": "hi"/)
  const head = await fetch(`${url}/echo`, { method: 'HEAD' })
  assert.equal(await head.text(), '')
  assert.ok(Number(head.headers.get('content-length')) > 20)
  const large = await fetch(`${url}/echo`, { method: 'POST', body: 'x'.repeat((1 << 20) + 1) })
  assert.equal(large.status, 413)
  await large.text()
})

test('the demo sends the first bytes of a slow answer at once', async (t) => {
  const { url } = await demo(t)
  const answer = await fetch(`${url}/slow?ms=50`)
  assert.equal(await answer.text(), 'waiting\nanswered after 50 ms\n')
})

test('the demo counts and echoes over a WebSocket, and ends in order on SIGTERM', async (t) => {
  const { url, end } = await demo(t)
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`)
  const seen: string[] = []
  const echoed = new Promise<void>((resolve) => {
    socket.addEventListener('message', ({ data }) => {
      seen.push(String(data))
      if (data === 'grüße') resolve()
    })
  })
  const closed = once(socket, 'close')
  await once(socket, 'open')
  socket.send('grüße')
  await echoed
  assert.match(seen[0] ?? '', /^\d+$/)
  assert.deepEqual(await end(), [0, null])
  const [event] = await closed
  assert.ok(event instanceof CloseEvent)
  assert.equal(event.code, 1001)
})

test('page() escapes what it is given', () => {
  const html = page({ name: '<script>', tenant: '"&\'', container: 'c' })
  assert.match(html, /<h1>&lt;script&gt; is running/)
  assert.match(html, /<dd>&quot;&amp;&#39;<\/dd>/)
})

test('readFrame() reads what a client may send, whole or in pieces', () => {
  const bytes = masked(1, Buffer.from('x'.repeat(300)))
  for (const length of [0, 1, 3, 7, 200]) assert.equal(readFrame(bytes.subarray(0, length)), 'more')
  const read = readFrame(Buffer.concat([bytes, Buffer.from('next')]))
  assert.ok(typeof read === 'object')
  assert.equal(read.body.toString(), 'x'.repeat(300))
  assert.equal(read.size, bytes.length)
})

test('readFrame() names the close code of what RFC 6455 forbids', () => {
  assert.equal(readFrame(frame(1, Buffer.from('unmasked'))), 1002)
  assert.equal(readFrame(masked(3, Buffer.alloc(0))), 1002, 'a reserved opcode')
  assert.equal(readFrame(masked(9, Buffer.alloc(0), false)), 1002, 'a ping in fragments')
  assert.equal(readFrame(Buffer.from([0xc1, 0x80, 0, 0, 0, 0])), 1002, 'a reserved bit')
  const huge = Buffer.from([0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4])
  assert.equal(readFrame(huge), 1009)
})

test('frame() uses the shortest of the three lengths', () => {
  const heads = [125, 126, 65_535, 65_536].map((size) => {
    const bytes = frame(1, Buffer.alloc(size))
    return bytes.length - size
  })
  assert.deepEqual(heads, [2, 4, 4, 10])
})
