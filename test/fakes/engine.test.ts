import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EngineAway, EngineRefusal, type ContainerWanted } from '../../src/ports/engine.ts'
import { engineSuite } from '../conformance/engine-suite.ts'
import { PROGRAMS, type EngineBench } from '../conformance/engine-world.ts'
import { disconnect, pause, rename, update } from './engine-changes.ts'
import { EngineHost, type Program } from './engine-host.ts'
import { fakeEngine } from './engine.ts'

const IMAGE = {
  imageId: `sha256:${'a'.repeat(64)}`,
  exposedTcpPorts: [],
  volumes: [],
  user: '',
}

const LIVES = new Map<readonly string[] | undefined, Program>([
  [PROGRAMS.ends, { exits: 3 }],
  [PROGRAMS.deaf, { ignoresStopSignal: true, lines: [{ stream: 'stdout', line: 'deaf' }] }],
  [PROGRAMS.missing, { exits: 127 }],
  [
    PROGRAMS.speaks,
    {
      lines: [
        { stream: 'stdout', line: 'one' },
        { stream: 'stderr', line: 'two' },
        { stream: 'stdout', line: 'three' },
      ],
    },
  ],
])

const programOf = ({ command }: ContainerWanted): Program => LIVES.get(command) ?? {}

function hostOfImages(): EngineHost {
  let nowMs = Date.UTC(2026, 0, 1)
  const host = new EngineHost({ now: () => new Date(nowMs++), program: programOf })
  host.addImage('cloudlet/base:1', IMAGE)
  return host
}

function bench(): Promise<EngineBench> {
  const host = hostOfImages()
  let made = 0
  const next = (): string => String(++made).padStart(16, '0')
  return Promise.resolve({
    engine() {
      const instance = `i${next()}`
      return { engine: fakeEngine(host, instance), instance }
    },
    imageId: IMAGE.imageId,
    imageReference: 'cloudlet/base:1',
    subnet: () => `10.250.${++made}`,
    newId: next,
    hands: {
      pause: async (name) => pause(host, name),
      update: async (name, change) => update(host, name, change),
      rename: async (name, to) => rename(host, host.containers.get(name)?.engineId ?? '', to),
      disconnect: async (name, network) => disconnect(host, name, network),
    },
  })
}

engineSuite(bench)

const signal = new AbortController().signal

test('a fault `lose` does what was asked, and does not say so', async () => {
  const host = hostOfImages()
  const engine = fakeEngine(host, 'one')
  host.intercept = ({ method }) => (method === 'ensureNetwork' ? 'lose' : undefined)
  const network = {
    name: 'n',
    tenant: 't',
    id: 'n',
    generation: 1,
    bridge: 'b',
    subnet: '10.1.0.0/24',
    gateway: '10.1.0.1',
    engineRange: '10.1.0.248/30',
  }
  await assert.rejects(engine.ensureNetwork(network, signal), EngineAway)
  assert.equal((await engine.list(signal)).networks.length, 1)
})

test('a fault `hang` ends with the signal, and nothing was done', async () => {
  const host = hostOfImages()
  const engine = fakeEngine(host, 'one')
  host.intercept = () => 'hang'
  const stop = new AbortController()
  const removal = engine.removeContainer('x', stop.signal)
  stop.abort()
  await assert.rejects(removal, EngineAway)
})

test('a fault with a status is a refusal in its words', async () => {
  const host = hostOfImages()
  host.intercept = () => ({ status: 500, answer: 'no space left' })
  await assert.rejects(
    fakeEngine(host, 'one').startContainer('x', signal),
    (error) => error instanceof EngineRefusal && error.answer === 'no space left',
  )
})

test('an engine that is down refuses calls and breaks streams off', async () => {
  const host = hostOfImages()
  const engine = fakeEngine(host, 'one')
  const listening = (async () => {
    for await (const event of engine.events(signal)) assert.fail(`heard ${event.action}`)
  })()
  host.stopEngine()
  await assert.rejects(listening, EngineAway)
  await assert.rejects(engine.list(signal), EngineAway)
  host.startEngine()
  assert.deepEqual(await engine.list(signal), { containers: [], networks: [] })
})
