import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import Docker from 'dockerode'
import { dockerEngine } from '../../src/adapters/docker-engine.ts'
import { platformLabels } from '../../src/core/docker-names.ts'
import { EngineAway, type ContainerWanted, type Engine } from '../../src/ports/engine.ts'

type Answer = readonly [status: number, body?: object]

/** An engine that answers each request, `POST /containers/create`, with the next of its answers. */
async function withAnswers(
  answers: Record<string, Answer[]>,
  work: (engine: Engine, asked: string[]) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-stub-'))
  const socketPath = join(folder, 'engine.sock')
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = request.url?.replace(/^\/v1\.41/, '').replace(/\?.*/, '') ?? ''
    const key = `${request.method} ${path}`
    asked.push(key)
    // The last answer stays.
    const left = answers[key] ?? []
    const [status, body] = (left.length > 1 ? left.shift() : left[0]) ?? [404]
    request.resume()
    response.writeHead(status, { connection: 'close' })
    response.end(body && JSON.stringify(body))
  })
  server.listen(socketPath)
  await once(server, 'listening')
  const docker = new Docker({ socketPath, version: 'v1.41' })
  try {
    await work(dockerEngine({ docker, instance: 'one', now: () => new Date(0) }), asked)
  } finally {
    server.close()
    rmSync(folder, { recursive: true })
  }
}

const signal = AbortSignal.timeout(20_000)
const WANTED: ContainerWanted = {
  name: 'c',
  tenant: 't',
  id: 'i',
  generation: 2,
  spec: '1-0123',
  hostname: 'c',
  imageId: 'sha256:1',
  env: {},
  labels: {},
  network: 'n',
  address: '10.0.0.2',
  mac: '02:00:00:00:00:01',
  resolver: null,
  searchDomain: 't.internal',
  memoryBytes: 1,
  cpuMilli: 1,
  cpuShares: 2,
  pids: 1,
  readOnlyRoot: false,
  capabilities: [],
  tmpfs: [],
  stopTimeoutSeconds: 1,
  ports: [],
  publish: false,
}

const VERSION: Record<string, Answer[]> = { 'GET /version': [[200, { Components: [] }]] }
const inTheWay = (status: string, generation: number): Answer => [
  200,
  {
    Id: 'old',
    Name: '/c',
    State: { Status: status },
    Config: { Labels: platformLabels('one', { tenant: 't', id: 'i', generation }) },
  },
]

test('createContainer() waits until the one in the way is removed', async () => {
  const answers = {
    ...VERSION,
    'POST /containers/create': [[409], [409], [201, { Id: 'new' }]] as Answer[],
    'GET /containers/c/json': [inTheWay('removing', 1), [404]] as Answer[],
  }
  await withAnswers(answers, async (engine, asked) => {
    assert.equal(await engine.createContainer(WANTED, signal), 'new')
    assert.equal(asked.filter((key) => key === 'POST /containers/create').length, 3)
  })
})

test('createContainer() adopts the one that an answer was lost for', async () => {
  const answers = {
    ...VERSION,
    'POST /containers/create': [[409]] as Answer[],
    'GET /containers/c/json': [inTheWay('running', 2)],
  }
  await withAnswers(answers, async (engine) => {
    assert.equal(await engine.createContainer(WANTED, signal), 'old')
  })
})

test('createContainer() gives up waiting with its signal', async () => {
  const answers = {
    ...VERSION,
    'POST /containers/create': [[409]] as Answer[],
    'GET /containers/c/json': [inTheWay('removing', 1)],
  }
  await withAnswers(answers, async (engine) => {
    await assert.rejects(engine.createContainer(WANTED, AbortSignal.timeout(120)), EngineAway)
  })
})

test('createContainer() asks only once whether the engine has an init', async () => {
  const answers = { ...VERSION, 'POST /containers/create': [[201, { Id: 'x' }]] as Answer[] }
  await withAnswers(answers, async (engine, asked) => {
    await engine.createContainer(WANTED, signal)
    await engine.createContainer(WANTED, signal)
    assert.deepEqual(asked, ['GET /version', 'POST /containers/create', 'POST /containers/create'])
  })
})

test('removeContainer() waits for a removal that is under way', async () => {
  const answers = { 'DELETE /containers/c': [[409], [409], [404]] as Answer[] }
  await withAnswers(answers, async (engine, asked) => {
    await engine.removeContainer('c', signal)
    assert.equal(asked.length, 3)
  })
})

test('list() reads what is no list as nothing, and leaves out what is not whole', async () => {
  const labels = platformLabels('one', { tenant: 't', id: 'i', generation: 1 })
  const hostile = [
    null,
    'x',
    { Labels: { ...labels, 'cloudlet.instance': 'two' } },
    { Labels: { 'cloudlet.instance': 'one' } },
    { Labels: labels, Id: 7, Names: 'x', State: 'strange', Ports: [{ PublicPort: 'x' }] },
  ]
  const answers = {
    'GET /containers/json': [[200, hostile]] as Answer[],
    'GET /networks': [[200, { not: 'a list' }]] as Answer[],
  }
  await withAnswers(answers, async (engine) => {
    assert.deepEqual(await engine.list(signal), {
      containers: [
        {
          tenant: 't',
          id: 'i',
          generation: 1,
          spec: '',
          engineId: '',
          createdAt: new Date(0),
          name: '',
          status: 'dead',
          published: [],
        },
      ],
      networks: [],
    })
  })
})
