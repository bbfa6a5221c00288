import assert from 'node:assert/strict'
import { PROGRAMS, refusedWith, type Checks } from './engine-world.ts'

const MIB = 1024 * 1024

/** What is put right after another hand: the same promises, of whatever stands behind the port. */
export const REPAIRS: Checks = {
  'inspectContainer() tells how a container is set, also after another hand': async (world) => {
    const { bench, engine, signal, network } = world
    const container = await world.run(PROGRAMS.forEver)
    const { name, memoryBytes, cpuMilli, cpuShares, pids } = container
    const limits = { memoryBytes, cpuMilli, cpuShares, pids }
    const made = await engine.inspectContainer(name, signal)
    assert.deepEqual(made?.set, { ...limits, restart: 'no', networks: [network.name] })

    await bench.hands.update(name, { memoryBytes: 48 * MIB, restart: 'always' })
    const changed = await engine.inspectContainer(name, signal)
    assert.deepEqual([changed?.set?.memoryBytes, changed?.set?.restart], [48 * MIB, 'always'])
  },

  'updateContainer() sets limits and takes a restart policy away, again and again': async (
    world,
  ) => {
    const { bench, engine, signal } = world
    const { name } = await world.run(PROGRAMS.forEver)
    await bench.hands.update(name, { memoryBytes: 48 * MIB, restart: 'always' })
    const limits = { memoryBytes: 40 * MIB, cpuMilli: 250, cpuShares: 256, pids: 20 }
    await engine.updateContainer(name, limits, signal)
    await engine.updateContainer(name, limits, signal)
    const found = await engine.inspectContainer(name, signal)
    const { networks: _, ...set } = found?.set ?? { networks: [] }
    assert.deepEqual(set, { ...limits, restart: 'no' })
    assert.equal(found?.status, 'running')
  },

  'updateContainer() refuses one that is gone': async ({ engine, signal }) => {
    const limits = { memoryBytes: 40 * MIB, cpuMilli: 250, cpuShares: 256, pids: 20 }
    await assert.rejects(engine.updateContainer('cl-t-ctr-none', limits, signal), refusedWith(404))
  },

  'unpauseContainer() lets a paused one go on, and does nothing again': async (world) => {
    const { bench, engine, signal } = world
    const { name } = await world.run(PROGRAMS.forEver)
    await bench.hands.pause(name)
    assert.equal((await engine.inspectContainer(name, signal))?.status, 'paused')
    await engine.unpauseContainer(name, signal)
    await engine.unpauseContainer(name, signal)
    assert.equal((await engine.inspectContainer(name, signal))?.status, 'running')
    await engine.unpauseContainer('cl-t-ctr-none', signal)
  },

  'renameContainer() gives a name back, and does nothing again': async (world) => {
    const { bench, engine, signal } = world
    const { name } = await world.run(PROGRAMS.forEver)
    await bench.hands.rename(name, `${name}-other`)
    const [listed] = (await engine.list(signal)).containers
    assert.equal(listed?.name, `${name}-other`)
    await engine.renameContainer(listed.engineId, name, signal)
    await engine.renameContainer(listed.engineId, name, signal)
    assert.equal((await engine.inspectContainer(name, signal))?.engineId, listed.engineId)
  },

  'renameContainer() refuses a name that another has, and one that is gone': async (world) => {
    const { engine, signal } = world
    const first = world.wanted(PROGRAMS.forEver)
    const second = world.wanted(PROGRAMS.forEver, 6)
    const id = await engine.createContainer(first, signal)
    await engine.createContainer(second, signal)
    await assert.rejects(engine.renameContainer(id, second.name, signal), refusedWith(409))
    const gone = 'f'.repeat(64)
    await assert.rejects(engine.renameContainer(gone, 'cl-t-ctr-none', signal), refusedWith(404))
  },

  'connectContainer() puts one back into its network, at its address': async (world) => {
    const { bench, engine, signal, network } = world
    const { name, address, mac } = await world.run(PROGRAMS.forEver)
    await bench.hands.disconnect(name, network.name)
    assert.deepEqual((await engine.inspectContainer(name, signal))?.set?.networks, [])
    const to = { network: network.name, address, mac }
    await engine.connectContainer(name, to, signal)
    await engine.connectContainer(name, to, signal)
    const found = await engine.inspectContainer(name, signal)
    assert.deepEqual(found?.set?.networks, [network.name])
    // The address is taken again.
    const second = world.wanted(PROGRAMS.forEver)
    await engine.createContainer(second, signal)
    await assert.rejects(engine.startContainer(second.name, signal), refusedWith(403))
  },

  'connectContainer() refuses a network that is not there': async ({ engine, signal, run }) => {
    const { name, address, mac } = await run(PROGRAMS.forEver)
    const to = { network: 'cl-t-net-none', address, mac }
    await assert.rejects(engine.connectContainer(name, to, signal), refusedWith(404))
  },

  'disconnectContainer() takes one out of a network, and does nothing again': async (world) => {
    const { engine, signal, network } = world
    const { name } = await world.run(PROGRAMS.forEver)
    await engine.disconnectContainer(name, network.name, signal)
    await engine.disconnectContainer(name, network.name, signal)
    const found = await engine.inspectContainer(name, signal)
    assert.deepEqual([found?.status, found?.set?.networks], ['running', []])
    await engine.disconnectContainer(name, 'cl-t-net-none', signal)
  },

  'startContainer() refuses one whose network was made anew, until it is connected anew': async (
    world,
  ) => {
    const { engine, signal, network } = world
    const { name, address, mac } = await world.run(PROGRAMS.forEver)
    await engine.stopContainer(name, 5, signal)
    await engine.removeNetwork(network.name, signal)
    await engine.ensureNetwork(network, signal)
    await assert.rejects(engine.startContainer(name, signal), refusedWith(404))
    await engine.disconnectContainer(name, network.name, signal)
    await engine.connectContainer(name, { network: network.name, address, mac }, signal)
    await engine.startContainer(name, signal)
    const found = await engine.inspectContainer(name, signal)
    assert.deepEqual([found?.status, found?.set?.networks], ['running', [network.name]])
  },
}
