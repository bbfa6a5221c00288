import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EngineEvent, LogRecord } from '../../src/ports/engine.ts'
import { REPAIRS } from './engine-repairs.ts'
import {
  BOTH,
  gathered,
  networkOf,
  newWorld,
  PROGRAMS,
  refusedWith,
  type Checks,
  type EngineBench,
} from './engine-world.ts'

/** Every promise of the port, against whatever stands behind it. */
export function engineSuite(bench: () => Promise<EngineBench>): void {
  for (const [name, check] of Object.entries({
    ...NETWORKS,
    ...CONTAINERS,
    ...REPAIRS,
    ...STREAMS,
    ...REST,
  })) {
    test(name, async () => {
      const world = await newWorld(await bench())
      try {
        await check(world)
      } finally {
        await world.clear()
      }
    })
  }
}

const textOf = (records: readonly LogRecord[]): string[] =>
  records.map(({ stream, line }) => `${stream} ${line}`)

const NETWORKS: Checks = {
  'ensureNetwork() asked again finds the network it made': async ({ engine, signal, network }) => {
    await engine.ensureNetwork(network, signal)
    const { networks } = await engine.list(signal)
    assert.deepEqual(
      networks.map(({ tenant, id, generation, name }) => ({ tenant, id, generation, name })),
      [{ tenant: 't', id: network.id, generation: 1, name: network.name }],
    )
  },

  'ensureNetwork() asked by many at once makes one, and refuses nobody': async (world) => {
    const { engine, signal, network } = world
    await engine.removeNetwork(network.name, signal)
    await Promise.all(Array.from({ length: 8 }, () => engine.ensureNetwork(network, signal)))
    const found = (await engine.list(signal)).networks.filter(({ name }) => name === network.name)
    assert.equal(found.length, 1)
  },
  'ensureNetwork() refuses a name that another network has': async (world) => {
    const { bench, engine, signal, network } = world
    const id = bench.newId()
    const other = { ...networkOf(world.instance, id, bench.subnet()), name: network.name }
    await assert.rejects(engine.ensureNetwork(other, signal), refusedWith(409))
  },

  'ensureNetwork() refuses a subnet that another network has': async (world) => {
    const { bench, engine, signal, network } = world
    const id = bench.newId()
    const other = { ...network, id, name: `cl-t-net-${id}`, bridge: `cl${id.slice(0, 12)}` }
    await assert.rejects(engine.ensureNetwork(other, signal), refusedWith(403))
  },

  'removeNetwork() asked again does nothing': async ({ engine, signal, network }) => {
    await engine.removeNetwork(network.name, signal)
    await engine.removeNetwork(network.name, signal)
    assert.deepEqual((await engine.list(signal)).networks, [])
  },

  'ranges() tells those of all networks, also of another instance': async (world) => {
    const { engine } = world.bench.engine()
    const ranges = await engine.ranges(world.signal)
    assert.ok(ranges.includes(world.network.subnet), ranges.join(' '))
  },
  'removeNetwork() refuses while a container runs in it': async (world) => {
    await world.run(PROGRAMS.forEver)
    const { engine, signal, network } = world
    await assert.rejects(engine.removeNetwork(network.name, signal), refusedWith(403))
  },
}

const CONTAINERS: Checks = {
  'createContainer() asked again adopts what it made': async ({ engine, signal, wanted }) => {
    const container = wanted(PROGRAMS.forEver)
    const first = await engine.createContainer(container, signal)
    assert.equal(await engine.createContainer(container, signal), first)
    const { containers } = await engine.list(signal)
    assert.deepEqual(
      containers.map(({ engineId, id, status }) => ({ engineId, id, status })),
      [{ engineId: first, id: container.id, status: 'created' }],
    )
  },

  'createContainer() refuses the name of an older generation': async (world) => {
    const { engine, signal } = world
    const container = world.wanted(PROGRAMS.forEver)
    await engine.createContainer(container, signal)
    const newer = { ...container, generation: 2 }
    await assert.rejects(engine.createContainer(newer, signal), refusedWith(409))
  },

  'createContainer() refuses the name of one that was made from something else': async (world) => {
    const { engine, signal } = world
    const container = world.wanted(PROGRAMS.forEver)
    await engine.createContainer(container, signal)
    const other = { ...container, spec: '1-other' }
    await assert.rejects(engine.createContainer(other, signal), refusedWith(409))
    const found = await engine.inspectContainer(container.name, signal)
    assert.equal(found?.spec, container.spec)
  },

  "createContainer() refuses a name that is another instance's": async (world) => {
    const { bench, engine, signal } = world
    const container = world.wanted(PROGRAMS.forEver)
    await engine.createContainer(container, signal)
    const other = bench.engine().engine
    await assert.rejects(other.createContainer(container, signal), refusedWith(409))
  },

  'createContainer() refuses an image that is not there': async ({ engine, signal, wanted }) => {
    const container = { ...wanted(PROGRAMS.forEver), imageId: `sha256:${'0'.repeat(64)}` }
    await assert.rejects(engine.createContainer(container, signal), refusedWith(404))
  },

  'createContainer() may follow a removal at once': async ({ engine, signal, run }) => {
    const container = await run(PROGRAMS.forEver)
    const removal = engine.removeContainer(container.name, signal)
    await removal
    await engine.createContainer({ ...container, generation: 2 }, signal)
    const found = await engine.inspectContainer(container.name, signal)
    assert.equal(found?.generation, 2)
  },

  'startContainer() asked again does nothing': async ({ engine, signal, run }) => {
    const container = await run(PROGRAMS.forEver)
    await engine.startContainer(container.name, signal)
    const found = await engine.inspectContainer(container.name, signal)
    assert.equal(found?.status, 'running')
    assert.equal(found.exit, undefined)
  },

  'startContainer() of a program that is not there ends with 127': async ({ run, until }) => {
    // The first process is docker-init, which starts, and then finds nothing to start.
    const { name } = await run(PROGRAMS.missing)
    const { exit } = await until(name, ({ status }) => status === 'exited')
    assert.equal(exit?.exitCode, 127)
  },

  'startContainer() refuses an address that another has, and says so again': async (world) => {
    const { engine, signal } = world
    await world.run(PROGRAMS.forEver, 5)
    const second = world.wanted(PROGRAMS.forEver, 5)
    await engine.createContainer(second, signal)
    await assert.rejects(engine.startContainer(second.name, signal), refusedWith(403))
    const found = await engine.inspectContainer(second.name, signal)
    assert.equal(found?.status, 'created')
    assert.equal(found.exit?.exitCode, 128)
    assert.match(found.exit.error, /Address already in use/)
  },

  'startContainer() refuses a network that is not there': async ({ engine, signal, wanted }) => {
    const container = { ...wanted(PROGRAMS.forEver), network: 'cl-t-net-none' }
    await engine.createContainer(container, signal)
    await assert.rejects(engine.startContainer(container.name, signal), refusedWith(404))
  },

  'startContainer() refuses one that is gone': async ({ engine, signal }) => {
    await assert.rejects(engine.startContainer('cl-t-ctr-none', signal), refusedWith(404))
  },

  'startContainer() keeps the published port in the list': async ({ engine, signal, wanted }) => {
    const ports = [{ port: 8080, protocol: 'tcp' as const }]
    const container = { ...wanted(PROGRAMS.forEver), ports, publish: true }
    await engine.createContainer(container, signal)
    await engine.startContainer(container.name, signal)
    const { containers } = await engine.list(signal)
    const found = await engine.inspectContainer(container.name, signal)
    assert.deepEqual(containers[0]?.published, found?.published)
    const [published, ...more] = found?.published ?? []
    assert.equal(published?.port, 8080)
    assert.equal(published.protocol, 'tcp')
    assert.ok(published.hostPort > 1024)
    assert.deepEqual(more, [])
  },

  'inspectContainer() tells how a container ended': async ({ run, until, engine, signal }) => {
    const { name } = await run(PROGRAMS.ends)
    const { exit } = await until(name, ({ status }) => status === 'exited')
    assert.equal(exit?.exitCode, 3)
    assert.equal(exit.oomKilled, false)
    assert.ok(exit.startedAt <= exit.finishedAt)
    const { containers } = await engine.list(signal)
    assert.deepEqual(
      containers.map((found) => [found.status, found.exit]),
      [['exited', undefined]],
    )
  },

  'inspectContainer() answers undefined for one that is gone': async ({ engine, signal }) => {
    assert.equal(await engine.inspectContainer('cl-t-ctr-none', signal), undefined)
  },

  'stopContainer() sends the stop signal first': async ({ engine, signal, run }) => {
    const { name } = await run(PROGRAMS.forEver)
    await engine.stopContainer(name, 30, signal)
    const found = await engine.inspectContainer(name, signal)
    assert.equal(found?.exit?.exitCode, 143)
    await engine.stopContainer(name, 30, signal)
    await engine.stopContainer('cl-t-ctr-none', 30, signal)
  },

  'stopContainer() kills the one that does not listen': async (world) => {
    const { engine, signal } = world
    const { name } = await world.run(PROGRAMS.deaf)
    // Only after its first line is it deaf.
    for await (const record of engine.logs(name, { follow: true, streams: BOTH }, signal)) {
      assert.equal(record.line, 'deaf')
      break
    }
    await engine.stopContainer(name, 1, signal)
    assert.equal((await engine.inspectContainer(name, signal))?.exit?.exitCode, 137)
  },

  'startContainer() starts a stopped container anew': async ({ engine, signal, run }) => {
    const { name } = await run(PROGRAMS.forEver)
    await engine.stopContainer(name, 5, signal)
    await engine.startContainer(name, signal)
    assert.equal((await engine.inspectContainer(name, signal))?.status, 'running')
  },

  'removeContainer() removes a running one, and does nothing again': async (world) => {
    const { engine, signal } = world
    const { name } = await world.run(PROGRAMS.forEver)
    await Promise.all([engine.removeContainer(name, signal), engine.removeContainer(name, signal)])
    await engine.removeContainer(name, signal)
    assert.deepEqual((await engine.list(signal)).containers, [])
  },

  'list() shows nothing of another instance': async ({ bench, run, signal }) => {
    const { name } = await run(PROGRAMS.forEver)
    const { engine } = bench.engine()
    assert.deepEqual(await engine.list(signal), { containers: [], networks: [] })
    assert.equal(await engine.inspectContainer(name, signal), undefined)
    assert.deepEqual(await engine.writtenBytes(signal), new Map())
  },
}

const STREAMS: Checks = {
  'events() tells of a life from create to destroy': async ({ engine, run, signal, until }) => {
    const stop = new AbortController()
    const events = engine.events(AbortSignal.any([signal, stop.signal]))
    const { name, id } = await run(PROGRAMS.ends)
    await until(name, ({ status }) => status === 'exited')
    await engine.removeContainer(name, signal)
    const seen: EngineEvent[] = []
    for await (const event of events) {
      if (event.name === name) seen.push(event)
      if (event.action === 'destroy') stop.abort()
    }
    assert.deepEqual(
      seen.map(({ action }) => action),
      ['create', 'start', 'die', 'destroy'],
    )
    assert.ok(seen.every((event) => event.id === id && event.kind === 'container'))
    assert.equal(seen.find(({ action }) => action === 'die')?.exitCode, 3)
  },

  'events() tells nothing of another instance': async ({ bench, engine, run, signal }) => {
    const stop = new AbortController()
    const other = bench.engine().engine.events(AbortSignal.any([signal, stop.signal]))
    const own = engine.events(AbortSignal.any([signal, stop.signal]))
    await run(PROGRAMS.forEver)
    const heard: EngineEvent[] = []
    const listening = (async () => {
      for await (const event of other) heard.push(event)
    })()
    for await (const { action } of own) {
      if (action === 'start') stop.abort()
    }
    await listening
    assert.deepEqual(heard, [])
  },

  'logs() tells the streams apart, with a time': async (world) => {
    const { name } = await world.run(PROGRAMS.speaks)
    const seen: LogRecord[] = []
    for await (const record of world.engine.logs(
      name,
      { follow: true, streams: BOTH },
      world.signal,
    )) {
      seen.push(record)
      if (seen.length === 3) break
    }
    assert.deepEqual(textOf(seen), ['stdout one', 'stderr two', 'stdout three'])
    assert.ok(seen.every(({ time }) => time !== null && time.getTime() > 0))

    assert.deepEqual(textOf(await gathered(world, name, { tail: 1 })), ['stdout three'])
    assert.deepEqual(await gathered(world, name, { tail: 0 }), [])
    assert.deepEqual(textOf(await gathered(world, name, { streams: ['stderr'] })), ['stderr two'])
    assert.deepEqual(await gathered(world, name, { streams: [] }), [])
    const since = new Date((seen[2]?.time?.getTime() ?? 0) + 60_000)
    assert.deepEqual(await gathered(world, name, { since }), [])
  },

  'logs() followed ends when the container does': async (world) => {
    const { name } = await world.run(PROGRAMS.ends)
    assert.deepEqual(await gathered(world, name, { follow: true }), [])
  },

  'logs() followed ends with its signal': async ({ engine, run }) => {
    const { name } = await run(PROGRAMS.speaks)
    const stop = new AbortController()
    const seen: string[] = []
    const wanted = { follow: true, streams: BOTH }
    for await (const { line } of engine.logs(name, wanted, stop.signal)) {
      seen.push(line)
      if (line === 'three') stop.abort()
    }
    assert.deepEqual(seen, ['one', 'two', 'three'])
  },

  'logs() refuses a container that is gone': async (world) => {
    await assert.rejects(gathered(world, 'cl-t-ctr-none'), refusedWith(404))
  },
}

const REST: Checks = {
  'facts() names the engine': async ({ engine, signal }) => {
    const facts = await engine.facts(signal)
    assert.match(facts.version, /^\d+\./)
    assert.match(facts.apiVersion, /^1\.\d+$/)
    assert.ok(facts.storageDriver.length > 0)
    assert.match(facts.rootDir, /^\//)
  },

  'sample() answers what one uses that runs, and nothing of others': async (world) => {
    const { engine, signal, run } = world
    const { name } = await run(PROGRAMS.forEver)
    const sample = await engine.sample(name, signal)
    assert.ok(sample && sample.pids >= 1 && sample.cpuNanos >= 0 && sample.memoryBytes > 0)
    assert.ok(sample.memoryLimitBytes >= sample.memoryBytes)
    await engine.stopContainer(name, 1, signal)
    assert.equal(await engine.sample(name, signal), undefined)
    assert.equal(await engine.sample('cl-t-ctr-none', signal), undefined)
  },

  'image() answers the same facts by name and by id': async ({ bench, engine, signal }) => {
    const byName = await engine.image(bench.imageReference, signal)
    assert.equal(byName?.imageId, bench.imageId)
    assert.deepEqual(await engine.image(bench.imageId, signal), byName)
  },

  'image() answers undefined for one that is not there': async ({ engine, signal }) => {
    assert.equal(await engine.image('127.0.0.1:9/none:latest', signal), undefined)
    assert.equal(await engine.image(`sha256:${'0'.repeat(64)}`, signal), undefined)
  },

  'removeImage() refuses one of which a container is made, and does nothing for one that is gone':
    async (world) => {
      const { bench, engine, signal, run } = world
      await run(PROGRAMS.forEver)
      await assert.rejects(engine.removeImage(bench.imageId, signal), refusedWith(409))
      assert.equal((await engine.image(bench.imageId, signal))?.imageId, bench.imageId)
      await engine.removeImage('127.0.0.1:9/none:latest', signal)
      await engine.removeImage(`sha256:${'0'.repeat(64)}`, signal)
    },

  'image() and pull() refuse what is no name': async ({ engine, signal }) => {
    await assert.rejects(engine.image('../secrets', signal), refusedWith(400))
    const pulled = engine.pull({ reference: 'Upper/Case' }, () => undefined, signal)
    await assert.rejects(pulled, refusedWith(400))
  },

  'writtenBytes() names the running containers': async ({ engine, run, signal, until }) => {
    const running = await run(PROGRAMS.forEver, 5)
    const ended = await run(PROGRAMS.ends, 6)
    await until(ended.name, ({ status }) => status === 'exited')
    const written = await engine.writtenBytes(signal)
    assert.deepEqual([...written.keys()], [running.name])
    assert.ok((written.get(running.name) ?? -1) >= 0)
  },
}
