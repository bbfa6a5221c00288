import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test, type TestContext } from 'node:test'
import type { Member } from '../../../proxy/core/route-table.ts'
import { ask, backend, bodyOf, freePort, get, member, rawBackend, until, world } from './kit.ts'

const ONCE = get('/', 'Connection: close')

/** Takes connections and ends them, until it is told to answer. */
async function failing(t: TestContext) {
  let isWell = false
  const { port, connections } = await rawBackend(t, (socket) => {
    socket.once('data', () => {
      if (isWell) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell')
      else socket.destroy()
    })
  })
  const mend = (): void => void (isWell = true)
  return { member: member(port, { id: 'failing' }), connections, mend }
}

async function good(t: TestContext): Promise<Member> {
  const { port } = await backend(t, (_request, response) => response.end('good'))
  return member(port, { id: 'good' })
}

const LIMITS = { settleMs: 0, failuresToEject: 3, ejectFirstMs: 60_000 }

test('a member that fails several times on end is asked last', async (t) => {
  const { port, serve } = await world(t, LIMITS)
  const bad = await failing(t)
  serve([bad.member, await good(t)])
  const heard: string[] = []
  for (let i = 0; i < 20; i += 1) heard.push((await ask(t, port, ONCE)).slice(9, 12))
  assert.equal(bad.connections(), 3)
  assert.deepEqual(
    heard.filter((status) => status !== '200'),
    ['502', '502', '502'],
  )
})

test('one that is the last there is keeps being asked, and is as good as any once it answers', async (t) => {
  const { port, serve } = await world(t, LIMITS)
  const bad = await failing(t)
  serve([bad.member])
  for (let i = 0; i < 5; i += 1) assert.match(await ask(t, port, ONCE), /^HTTP\/1\.1 502/)
  bad.mend()
  assert.equal(bodyOf(await ask(t, port, ONCE)), 'well')
  serve([bad.member, await good(t)])
  const both = new Set<string>()
  for (let i = 0; i < 4; i += 1) both.add(bodyOf(await ask(t, port, ONCE)))
  assert.deepEqual([...both].toSorted(), ['good', 'well'])
})

test('after its time it is asked in its turn again', async (t) => {
  const { port, serve } = await world(t, { ...LIMITS, ejectFirstMs: 100 })
  const bad = await failing(t)
  serve([bad.member, await good(t)])
  for (let i = 0; i < 6; i += 1) await ask(t, port, ONCE)
  assert.equal(bad.connections(), 3)
  bad.mend()
  let last = ''
  const asking = async (): Promise<void> => {
    while (last !== 'well') last = bodyOf(await ask(t, port, ONCE))
  }
  await Promise.race([
    asking(),
    until(
      () => last === 'well',
      () => 'its turn',
    ),
  ])
  assert.equal(last, 'well')
})

test('who is about to come up is not counted against', async (t) => {
  const { port, serve } = await world(t, { ...LIMITS, settleMs: 60_000 })
  const free = await freePort()
  serve([member(free, { id: 'slow' }), await good(t)])
  for (let i = 0; i < 10; i += 1) assert.equal(bodyOf(await ask(t, port, ONCE)), 'good')
  const server = createServer((_request, response) => response.end('slow'))
  t.after(() => server.close())
  await once(server.listen(free, '127.0.0.1'), 'listening')
  const heard = new Set<string>()
  for (let i = 0; i < 4; i += 1) heard.add(bodyOf(await ask(t, port, ONCE)))
  assert.ok(heard.has('slow'))
})
