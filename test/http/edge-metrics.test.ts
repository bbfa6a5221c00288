import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Measures } from '../../proxy/link.ts'
import {
  QUESTION,
  QUESTION_NUMBERS,
  REQUEST,
  REQUEST_NUMBERS,
} from '../../src/core/request-meter.ts'
import { cloudWorld, type CloudWorld } from '../support/cloud-world.ts'
import { readExposition } from '../support/exposition.ts'

/** So many answers of 200, each within 25 ms. */
function requests(count: number): readonly number[] {
  const numbers = Array.from({ length: REQUEST_NUMBERS }, () => 0)
  numbers[REQUEST.answers + 1] = count
  numbers[REQUEST.durationMs] = count * 20
  numbers[REQUEST.durations + 2] = count
  return numbers
}

function questions(count: number): readonly number[] {
  const numbers = Array.from({ length: QUESTION_NUMBERS }, () => 0)
  numbers[QUESTION.questions] = count
  numbers[QUESTION.answers] = count
  return numbers
}

const worker = (count: number, epoch = 'a'): Measures => ({
  role: 'ingress-0',
  epoch,
  seq: 1,
  process: { requests: count, open: 2 },
  series: ['aa', 'bb'].map((tenant) => ({
    tenant,
    app: `web.${tenant}`,
    numbers: requests(count),
  })),
})

const responder: Measures = {
  role: 'dns',
  epoch: 'd',
  seq: 1,
  process: { queries: 5, connections: 1 },
  series: [
    { tenant: 'aa', app: '', numbers: questions(4) },
    { tenant: '', app: '', numbers: questions(1) },
  ],
}

async function house(): Promise<CloudWorld> {
  const world = await cloudWorld()
  await world.addTenant('aa')
  await world.addTenant('bb')
  world.counters.says.push(worker(3), responder)
  return world
}

/** What Prometheus 3 asks for. */
const PROMETHEUS =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1'

async function shown({ call, admin }: CloudWorld, path: `/${string}` = '/v1/platform/metrics') {
  const answer = await call(`GET ${path}`, { token: admin.apiKey, headers: { accept: PROMETHEUS } })
  assert.equal(answer.status, 200)
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain/)
  return readExposition(await answer.text())
}

const REQUESTS = 'cloudlet_ingress_requests_total'

test('the platform reads what all of the edge has counted, as Prometheus wants it', async () => {
  await using world = await house()
  const found = await shown(world)
  const good = found.get(REQUESTS)?.filter(({ labels }) => labels['code'] === '2xx')
  assert.deepEqual(good, [
    { labels: { tenant: 'aa', app: 'web', code: '2xx' }, value: 3 },
    { labels: { tenant: 'bb', app: 'web', code: '2xx' }, value: 3 },
  ])
  const within = found.get('cloudlet_ingress_request_duration_seconds_bucket')
  const of = (le: string) =>
    within?.find(({ labels }) => labels['tenant'] === 'aa' && labels['le'] === le)?.value
  assert.deepEqual([of('0.01'), of('0.025'), of('+Inf')], [0, 3, 3])
  assert.deepEqual(found.get('cloudlet_dns_questions_total'), [
    { labels: { tenant: 'aa' }, value: 4 },
    { labels: { tenant: '' }, value: 1 },
  ])
  assert.deepEqual(found.get('cloudlet_ingress_process_open'), [
    { labels: { process: 'ingress-0' }, value: 2 },
  ])
  assert.deepEqual(found.get('cloudlet_dns_process_queries_total'), [
    { labels: { process: 'dns' }, value: 5 },
  ])
  assert.equal(found.get('cloudlet_edge_processes')?.length, 2)
})

test('what goes to the apps of a route is shown under the route', async () => {
  await using world = await house()
  const series = [{ tenant: 'aa', app: 'route/r1', numbers: requests(2) }]
  world.counters.says[0] = { ...worker(0), series }
  const found = (await shown(world)).get('cloudlet_ingress_aborted_total')
  assert.deepEqual(found, [{ labels: { tenant: 'aa', route: 'r1' }, value: 0 }])
})

test('a tenant reads its own alone, and nothing of processes', async () => {
  await using world = await house()
  const found = await shown(world, '/v1/tenants/aa/metrics')
  const tenants = [...found.values()].flat().map(({ labels }) => labels['tenant'])
  assert.deepEqual([...new Set(tenants)], ['aa'])
  assert.ok([...found.keys()].every((name) => !name.includes('_process')))
  const { status } = await world.call('GET /v1/tenants/none/metrics', { token: world.admin.apiKey })
  assert.equal(status, 404)
})

test('sums go on when a worker is started anew, and are asked for once a second at most', async () => {
  await using world = await house()
  const sum = async () =>
    (await shown(world)).get('cloudlet_ingress_process_requests_total')?.[0]?.value
  assert.equal(await sum(), 3)
  assert.equal(await sum(), 3)
  assert.equal(world.counters.asked, 1)
  world.counters.says[0] = worker(1, 'b')
  world.time.advance(1000)
  assert.equal(await sum(), 4)
})

test('a tenant that comes under the name of one that is gone begins from nothing', async () => {
  await using world = await house()
  await shown(world)
  const { call, admin } = world
  world.counters.says.length = 0
  await call('DELETE /v1/tenants/aa?wait=10', { token: admin.apiKey })
  await world.quiet()
  world.time.advance(1000)
  const tenants = (await shown(world)).get(REQUESTS)?.map(({ labels }) => labels['tenant'])
  assert.deepEqual([...new Set(tenants)], ['bb'])
})
