import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { after, before, test } from 'node:test'
import { updateTenant } from '../../src/contract/tenants.ts'
import { dockerName } from '../../src/core/docker-names.ts'
import { tableName } from '../../src/core/firewall.ts'
import { realDocker } from '../support/engine.ts'
import { probedHouse, type ProbedHouse } from '../support/probed-house.ts'
import { BASE } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/** What a container can reach of the host and of other tenants: a program in one tries everything. */

const ALL_PORTS = [1, 65_535] as const
/** A full look every 5 s, with room. */
const MADE_ANEW_MS = 30_000
const RAW = 'capability:NET_RAW'

let house: ProbedHouse

before(async () => {
  house = await probedHouse()
})

after(async () => {
  await house?.remove()
})

const nft = (...words: string[]): string => execFileSync('nft', words, { encoding: 'utf8' })

test('of the host and of other tenants nothing answers but the resolver', async () => {
  assert.deepEqual(await house.reached('prober', ALL_PORTS), house.allowed())
})

/** A container that asks for its friend all the time, with its own address or with none (RFC 5227 §2.1.1). */
async function asking(name: string, how: string): Promise<() => Promise<string | undefined>> {
  // Under -D it fails where somebody answers.
  const ask = `arping ${how} -f -c 1 -w 1 ${house.friend} >/dev/null; echo $?`
  const command = ['sh', '-c', `while :; do ${ask}; sleep 0.2; done`]
  await house.acme.run({ name, image: BASE, command, exceptions: [RAW] })
  return async () => (await house.acme.logs(name)).at(-1)
}

test('a container with raw sockets says who it is, or nothing; rules that went are made anew', async () => {
  const { platform, acme } = house
  await platform.api.call(updateTenant, {
    params: { tenant: 'acme' },
    body: { exceptions: [RAW] },
  })
  const own = await asking('honest', '')
  await until('its friend answers', async () => (await own()) === '0')
  const none = await asking('spoofer', '-D')
  await until('nobody answers it', async () => (await none()) === '0')

  const table = tableName(platform.instance)
  nft('delete', 'table', 'bridge', table)
  await until('it is answered without rules', async () => (await none()) === '1')
  await until('nobody answers it again', async () => (await none()) === '0', MADE_ANEW_MS)
  nft('delete', 'table', 'inet', table)
  await until('both are there', () => nft('list', 'tables').split(table).length === 3, MADE_ANEW_MS)
  for (const name of ['honest', 'spoofer']) await acme.remove(name)
  assert.deepEqual(await house.reached('again', [1, 4096]), house.allowed())
})

test('what is sent under another address or hardware address is not carried', async () => {
  const { id, addresses } = await house.acme.run({
    name: 'liar',
    image: BASE,
    command: ['sleep', '600'],
  })
  const { State } = await realDocker()
    .getContainer(dockerName('acme', 'container', id))
    .inspect()
  // From the host, since nothing in a container may give itself an address.
  const within = (...words: string[]) => {
    const net = `--net=/proc/${State.Pid}/ns/net`
    return spawnSync('nsenter', [net, ...words], { timeout: 5_000 }).status
  }
  const pings = (from: string): boolean =>
    within('busybox', 'ping', '-c', '1', '-W', '1', '-I', from, house.friend) === 0
  const own = addresses[0]?.address ?? ''
  await until('its own is carried', () => pings(own))
  const free = house.friend.replace(/\d+$/, '177')
  for (const other of [free, house.stranger]) {
    assert.equal(within('ip', 'address', 'add', `${other}/32`, 'dev', 'eth0'), 0)
    assert.equal(pings(other), false, other)
  }
  assert.ok(pings(own))
  assert.equal(within('ip', 'link', 'set', 'dev', 'eth0', 'address', '02:00:00:00:00:77'), 0)
  assert.equal(pings(own), false)
  await house.acme.remove('liar')
})
