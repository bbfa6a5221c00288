import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dockerName } from '../../src/core/docker-names.ts'
import { logService, type LogsAsked } from '../../src/services/logs.ts'
import { fakeEngine } from '../fakes/engine.ts'
import { INSTANCE } from '../support/control-plane.ts'
import { runs, world } from '../support/world.ts'

test('ofContainer() shows no line that is older than the retention, of the tenant or of all', async () => {
  await using at = await world()
  const { id } = await at.addTenant('acme')
  await at.begin()
  const { resource } = await at.create('acme', {})
  await runs(at, 'acme', 'web')
  const name = dockerName('acme', 'container', resource.id)
  const begun = at.time.now().getTime()
  for (const line of ['first', 'second', 'third']) {
    at.host.say(name, line)
    at.time.advance(60_000)
  }
  const { store, time: clock } = at
  const logs = logService({ store, clock, engine: fakeEngine(at.host, INSTANCE) })
  const place = { tenant: 'acme', container: 'web' }
  const lines = async (asked: Partial<LogsAsked> = {}): Promise<string[]> => {
    const all = { follow: false, stream: 'all', ...asked } as const
    const { signal } = new AbortController()
    const shown: string[] = []
    for await (const { line } of logs.ofContainer(place, all, signal)) shown.push(line)
    return shown
  }
  assert.deepEqual(await lines(), ['first', 'second', 'third'])
  await store.write((q) => q.limits.put(id, { logRetentionSeconds: 120 }))
  assert.deepEqual(await lines(), ['second', 'third'])
  assert.deepEqual(await lines({ since: new Date(begun).toISOString() }), ['second', 'third'])
  assert.deepEqual(await lines({ since: new Date(begun + 120_000).toISOString() }), ['third'])
  await store.write((q) => q.limits.put(null, { logRetentionSeconds: 60 }))
  assert.deepEqual(await lines(), ['third'])
  await store.write((q) => q.limits.put(id, { logRetentionSeconds: 0 }))
  assert.deepEqual(await lines(), [])
})
