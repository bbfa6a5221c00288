import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readSettings } from '../../src/config.ts'
import { hostPort } from '../../src/instance.ts'
import { chooseInstance } from '../../src/prepare/choose.ts'
import { takenRanges } from '../../src/prepare/host-ranges.ts'
import { anyFreePort, holdersOf, isFreeTcp, isFreeUdp } from '../../src/prepare/port-owner.ts'

/** A data directory of its own, and addresses that disturb nobody. */
function world() {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-choose-'))
  const env = {
    CLOUDLET_DATA_DIR: folder,
    CLOUDLET_API_ADDRESS: '127.0.0.1:0',
    CLOUDLET_INGRESS_HTTP_ADDRESS: '127.0.0.1:0',
    CLOUDLET_DNS_ADDRESS: '127.0.0.1:0',
    CLOUDLET_ENGINE: join(folder, 'no-engine.sock'),
    CLOUDLET_ADDRESS_POOL: '100.127.0.0/16',
  }
  return {
    file: join(folder, 'instance.json'),
    choose: (more: Record<string, string | undefined> = {}, isolated = true) =>
      chooseInstance(readSettings({ env: { ...env, ...more }, uid: 0, home: '/root' }), isolated),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  }
}

async function listening(port: number) {
  const server = createServer().listen({ host: '127.0.0.1', port })
  await once(server, 'listening')
  return { [Symbol.dispose]: () => void server.close() }
}

test('chooseInstance() chooses once, and keeps what it chose', async () => {
  using at = world()
  const first = await at.choose()
  assert.match(first.id, /^[a-z2-7]{16}$/)
  assert.deepEqual([first.pool, first.resolver], ['100.127.0.0/16', '100.127.0.53'])
  assert.ok((first.edgeUid ?? 0) >= 1_900_000_000)
  const ports = [first.apiAddress, first.ingressAddress, first.dnsAddress].map(
    (a) => hostPort(a).port,
  )
  assert.ok(ports.every((port) => port > 0))
  assert.deepEqual(await at.choose(), first)
  assert.deepEqual(await at.choose({ CLOUDLET_ADDRESS_POOL: undefined }), first)
})

test('chooseInstance() lets the API listen in clear on this machine alone, and names what does more', async () => {
  using at = world()
  const { id } = await at.choose()
  for (const address of ['0.0.0.0:7070', '[::]:7070', ':7070', '192.0.2.1:7070']) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other in one folder
    await assert.rejects(at.choose({ CLOUDLET_API_ADDRESS: address }), (error: Error) => {
      assert.equal(error.name, 'PrepareError')
      assert.match(error.message, /Cannot serve the API in clear on .*: .*CLOUDLET_API_HOST/)
      return true
    })
  }
  assert.equal((await at.choose({ CLOUDLET_API_ADDRESS: '127.0.0.9:0' })).id, id)
  const kept = JSON.parse(readFileSync(at.file, 'utf8'))
  writeFileSync(at.file, JSON.stringify({ ...kept, apiAddress: '0.0.0.0:7070' }))
  await assert.rejects(at.choose(), /in clear on 0\.0\.0\.0:7070/)
})

test('chooseInstance() takes an address that is set later, but no other pool', async () => {
  using at = world()
  const { id } = await at.choose()
  const port = await anyFreePort('127.0.0.1')
  const moved = await at.choose({ CLOUDLET_API_ADDRESS: `127.0.0.1:${port}` })
  assert.deepEqual([moved.id, moved.apiAddress], [id, `127.0.0.1:${port}`])
  await assert.rejects(
    at.choose({ CLOUDLET_ADDRESS_POOL: '100.126.0.0/16' }),
    /Cannot change the pool/,
  )
})

test('chooseInstance() keeps nothing of a pool that cannot be used', async () => {
  using at = world()
  for (const pool of ['100.127.0.0/30', '100.127.0.1/16', '0.0.0.0/1', '100.127.0.0/24']) {
    await assert.rejects(at.choose({ CLOUDLET_ADDRESS_POOL: pool }), /Cannot use the pool/)
    assert.ok(!existsSync(at.file))
  }
  await assert.rejects(at.choose({ CLOUDLET_ADDRESS_POOL: '127.0.0.0/16' }), /overlap a route/)
  assert.equal((await at.choose()).pool, '100.127.0.0/16')
})

test('chooseInstance() names the process that has its port', async () => {
  using at = world()
  const { apiAddress } = await at.choose()
  using _ = await listening(hostPort(apiAddress).port)
  await assert.rejects(at.choose(), (error) => {
    assert.ok(error instanceof Error)
    assert.match(error.message, new RegExp(`process ${process.pid} \\(.*CLOUDLET_API_ADDRESS`))
    return true
  })
})

test('chooseInstance() says so when what it kept is damaged', async () => {
  using at = world()
  for (const text of ['', '{', '{"id":"x"}', 'null']) {
    writeFileSync(at.file, text)
    await assert.rejects(at.choose(), /not what an earlier start has written/)
    assert.equal(readFileSync(at.file, 'utf8'), text)
  }
})

test('chooseInstance() without isolation has neither resolver nor another user', async () => {
  using at = world()
  const instance = await at.choose({}, false)
  assert.deepEqual([instance.resolver, instance.edgeUid, instance.isolated], [null, null, false])
})

test('a port that is taken is not free, and its holder is known', async () => {
  const port = await anyFreePort('127.0.0.1')
  const address = { host: '127.0.0.1', port }
  assert.ok((await isFreeTcp(address)) && (await isFreeUdp(address)))
  {
    using _ = await listening(port)
    assert.equal(await isFreeTcp(address), false)
    assert.ok(await isFreeUdp(address))
    assert.ok(holdersOf(port).some(({ pid }) => pid === process.pid))
  }
})

test('takenRanges() has the host’s own addresses, also without an engine', async () => {
  const ranges = await takenRanges('/nowhere/docker.sock')
  assert.ok(ranges.some(({ base, prefix }) => base === 0x7f000001 && prefix === 32))
})
