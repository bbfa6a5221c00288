import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { RouteTable } from '../../proxy/core/route-table.ts'
import { linkClient } from '../../proxy/link-client.ts'
import { linkServer, type LinkServer } from '../../proxy/link-server.ts'
import type { FromEdge } from '../../proxy/link.ts'
import { systemTimers } from '../../src/adapters/system.ts'
import { until } from '../support/wait.ts'

const TABLE: RouteTable = {
  version: 1,
  instance: 'test',
  domains: ['cloud.local'],
  internalDomain: 'internal',
  pool: '10.208.0.0/12',
  tenants: [],
  members: [],
}

async function world() {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-link-'))
  const path = join(folder, 'dns.sock')
  const taken: number[] = []
  const ends: (() => void)[] = [() => rmSync(folder, { recursive: true, force: true })]

  async function serve(pid: number): Promise<LinkServer> {
    const server = linkServer({
      role: 'dns',
      pid,
      log: () => undefined,
      takeTable: ({ version }) => void taken.push(version),
      takeHealth: () => undefined,
      takeTls: () => undefined,
      takeChallenges: () => undefined,
      drain: () => undefined,
      cut: () => undefined,
      reports: () => [],
      tunnels: () => [],
      measures: () => ({ role: 'dns', epoch: 'test', seq: 1, process: {}, series: [] }),
    })
    await server.listen(path)
    ends.unshift(() => server.close())
    return server
  }

  function connect() {
    const heard: FromEdge[] = []
    const link = linkClient({
      path,
      after: systemTimers.after,
      hear: (message) => message && heard.push(message),
    })
    ends.unshift(() => link.close())
    return { link, heard }
  }
  return { serve, connect, taken, [Symbol.dispose]: () => ends.forEach((end) => end()) }
}

test('a link acknowledges a table, and goes back to no older one of the same instance', async () => {
  using here = await world()
  await here.serve(1)
  const { link, heard } = here.connect()
  await until('it says hello', () => heard.length === 1)
  link.send({ type: 'table', table: { ...TABLE, version: 7 } })
  link.send({ type: 'table', table: { ...TABLE, version: 3 } })
  await until('both are answered', () => heard.length === 3)
  assert.deepEqual(here.taken, [7])
  assert.deepEqual(heard.slice(1), [
    { type: 'ack', version: 7 },
    { type: 'ack', version: 7 },
  ])
})

test('a predecessor that closes leaves its successor where it can be found', async () => {
  using here = await world()
  const old = await here.serve(1)
  await here.serve(2)
  old.close()
  const { heard } = here.connect()
  const hello = await until('the successor answers', () => heard[0])
  assert.equal(hello.type === 'hello' && hello.pid, 2)
})

test('a client finds again a server that was away', async () => {
  using here = await world()
  const { heard } = here.connect()
  const first = await here.serve(1)
  await until('the first answers', () => heard.length === 1)
  first.close()
  await here.serve(2)
  await until('the second answers', () => heard.length === 2)
})
