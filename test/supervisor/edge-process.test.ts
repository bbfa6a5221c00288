import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startEdge } from '../../src/supervisor/edge-process.ts'
import { until } from '../support/wait.ts'

/** Greets like an edge process, until the file is there: then it turns for ever, and hears nothing more. */
const STUB = `
const { existsSync, rmSync, writeFileSync } = require('node:fs')
const { createServer } = require('node:net')
const [socket, file] = process.argv.slice(-2) // Deno has the name of its script before them.
rmSync(socket, { force: true })
let greeted = 0
createServer((peer) => {
  writeFileSync(socket + '.greeted', String((greeted += 1)))
  peer.on('error', () => undefined)
  peer.write(JSON.stringify({ type: 'hello', role: 'ingress-0', pid: process.pid, version: 0 }) + '\\n')
}).listen(socket)
setInterval(() => {
  while (existsSync(file)) {}
}, 5)
`

async function edge(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-edge-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [socket, file] = [join(folder, 'edge.sock'), join(folder, 'stall')]
  const said: string[] = []
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
      look: { everyMs: 20, deadlineMs: 100, most: 2 },
    },
    (_level, message) => void said.push(message),
  )
  t.after(() => child.stop(0))
  return {
    child,
    said,
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
