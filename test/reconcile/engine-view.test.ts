import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EngineContainer } from '../../src/ports/engine.ts'
import { knownEngine } from '../../src/reconcile/engine-view.ts'

const seen = (name: string, status: EngineContainer['status'] = 'running'): EngineContainer => ({
  engineId: name,
  name,
  tenant: 'acme',
  id: name,
  generation: 1,
  spec: '',
  createdAt: new Date(0),
  status,
  published: [],
})

const event = (name: string, action: string) =>
  ({ kind: 'container', action, name, id: name, time: new Date(0) }) as const

test('refresh() takes the list for what there is', async () => {
  const known = knownEngine()
  known.put(seen('old'))
  known.putNetwork('old')
  const networks = [
    { engineId: 'n', name: 'n', tenant: 'acme', id: 'n', generation: 1, createdAt: new Date(0) },
  ]
  await known.refresh(async () => ({ containers: [seen('new')], networks }))
  assert.equal(known.container('old'), undefined)
  assert.equal(known.container('new')?.status, 'running')
  assert.deepEqual([known.hasNetwork('old'), known.hasNetwork('n')], [false, true])
})

test('refresh() keeps what is noted while the list is being made', async () => {
  const known = knownEngine()
  known.put(seen('ends'))
  known.put(seen('goes'))
  const list = Promise.withResolvers<{ containers: EngineContainer[]; networks: [] }>()
  const refreshed = known.refresh(() => list.promise)
  known.put(seen('comes', 'created'))
  known.putNetwork('comes')
  known.note(event('ends', 'die'))
  known.note(event('goes', 'destroy'))
  list.resolve({ containers: [seen('ends'), seen('goes'), seen('stays')], networks: [] })
  await refreshed
  assert.equal(known.container('comes')?.status, 'created')
  assert.equal(known.container('ends')?.status, 'exited')
  assert.equal(known.container('goes'), undefined)
  assert.equal(known.container('stays')?.status, 'running')
  assert.ok(known.hasNetwork('comes'))
})

test('refresh() that fails leaves everything as it was', async () => {
  const known = knownEngine()
  known.put(seen('web'))
  await assert.rejects(
    known.refresh(() => Promise.reject(new Error('away'))),
    /away/,
  )
  assert.equal(known.container('web')?.status, 'running')
})

test('note() forgets the details of an end that a new start has overtaken', () => {
  const known = knownEngine()
  const exit = {
    exitCode: 1,
    oomKilled: false,
    error: '',
    startedAt: new Date(0),
    finishedAt: new Date(1),
  }
  known.put({ ...seen('web', 'exited'), exit })
  known.note(event('web', 'start'))
  assert.deepEqual(known.container('web'), seen('web'))
  known.note(event('nobody', 'start'))
  assert.equal(known.container('nobody'), undefined)
})
