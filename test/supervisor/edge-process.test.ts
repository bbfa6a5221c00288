import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startEdge } from '../../src/supervisor/edge-process.ts'
import { until } from '../support/wait.ts'

/**
 * Greets like an edge process, until the file is there: then it turns for ever, and hears nothing more. As long
 * as there is another file, it does not come up.
 */
const STUB = `
const { existsSync, rmSync, writeFileSync } = require('node:fs')
const { createServer } = require('node:net')
const [socket, file] = process.argv.slice(-2) // Deno has the name of its script before them.
rmSync(socket, { force: true })
let greeted = 0
const server = createServer((peer) => {
  writeFileSync(socket + '.greeted', String((greeted += 1)))
  peer.on('error', () => undefined)
  peer.write(JSON.stringify({ type: 'hello', role: 'ingress-0', pid: process.pid, version: 0 }) + '\\n')
})
const listen = () => (existsSync(file + '.slow') ? setTimeout(listen, 5) : server.listen(socket))
listen()
setInterval(() => {
  while (existsSync(file)) {}
}, 5)
`

async function edge(t: TestContext, startMs = 10_000) {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-edge-'))
  const [socket, file] = [join(folder, 'edge.sock'), join(folder, 'stall')]
  const said: string[] = []
  const saidAtMs: number[] = []
  const child = await startEdge(
    {
      role: 'ingress-0',
      socket,
      command: [
        process.execPath,
        ...('Deno' in globalThis ? ['eval'] : ['-e']),
        STUB,
        socket,
        file,
      ],
      overlaps: true,
      look: { everyMs: 20, deadlineMs: 100, most: 2, startMs },
    },
    (_level, message) => {
      said.push(message)
      saidAtMs.push(performance.now())
    },
  )
  t.after(async () => {
    // First, since it writes to the folder.
    await child.stop(0)
    rmSync(folder, { recursive: true })
  })
  return {
    child,
    said,
    saidAtMs,
    slow: `${file}.slow`,
    stall: () => writeFileSync(file, ''),
    wake: () => rmSync(file),
    /** How often somebody has come to see it. */
    greeted: () => Number(readFileSync(`${socket}.greeted`, 'utf8')),
  }
}

test('an edge process that stands still is ended and started again', async (t) => {
  const { child, said, stall, wake } = await edge(t)
  const first = child.pid()
  stall()
  await until('it was ended', () => child.pid() !== first)
  wake()
  await until('another one serves', () => child.pid() !== undefined && child.pid() !== first)
  assert.ok(said.includes('An edge process stands still, and is ended'))
})

test('one that answers is left alone, however often it is looked at', async (t) => {
  const { child, said, greeted } = await edge(t)
  const first = child.pid()
  await until('it was looked at many times', () => greeted() > 20)
  assert.equal(child.pid(), first)
  assert.deepEqual(
    said.filter((one) => one.includes('stands still')),
    [],
  )
})

test('one that takes long to come up has its time, and is ended after that', async (t) => {
  const startMs = 400
  const { child, said, saidAtMs, slow } = await edge(t, startMs)
  const first = child.pid()
  writeFileSync(slow, '')
  assert.ok(first !== undefined)
  process.kill(first, 'SIGKILL')
  const ended = await until('it is ended', () => {
    const at = said.indexOf('An edge process stands still, and is ended')
    return at < 0 ? undefined : at
  })
  const started = said.lastIndexOf('Process started', ended)
  assert.ok((saidAtMs[ended] ?? 0) - (saidAtMs[started] ?? 0) >= startMs)
  rmSync(slow)
})
