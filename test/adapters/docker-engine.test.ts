import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import Docker from 'dockerode'
import { dockerEngine } from '../../src/adapters/docker-engine.ts'
import type { EngineFacts } from '../../src/ports/engine.ts'

/** The facts of an engine that answers so, and what it was asked. */
async function factsOf(version: object, info: object): Promise<[EngineFacts, string[]]> {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-stub-'))
  const socketPath = join(folder, 'engine.sock')
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = request.url?.replace(/\?.*/, '') ?? ''
    asked.push(path)
    response.end(JSON.stringify(path === '/version' ? version : info))
  })
  server.listen(socketPath)
  await once(server, 'listening')
  try {
    const docker = new Docker({ socketPath })
    const engine = dockerEngine({ docker, instance: 'one', now: () => new Date(0) })
    return [await engine.facts(AbortSignal.timeout(5000)), asked.toSorted()]
  } finally {
    server.close()
    rmSync(folder, { recursive: true })
  }
}

test('facts() are asked of an engine whatever it speaks, so that the doctor can tell what it is', async () => {
  const version = {
    ApiVersion: '1.40',
    MinAPIVersion: '1.12',
    Components: [
      { Name: 'Engine', Version: '19.03.1' },
      { Name: 'runc', Version: '1.0.0' },
    ],
  }
  const info = { ServerVersion: '19.03.1', SecurityOptions: ['name=seccomp,profile=default'] }
  const [facts, asked] = await factsOf(version, info)
  const { product, version: number, apiVersion, oldestApiVersion, runcVersion, walls } = facts
  assert.deepEqual(
    [product, number, apiVersion, oldestApiVersion, runcVersion, walls],
    ['docker', '19.03.1', '1.40', '1.12', '1.0.0', ['seccomp']],
  )
  assert.deepEqual(asked, ['/info', '/version'])
})

test('facts() tell Podman from an engine', async () => {
  const Components = [{ Name: 'Podman Engine', Version: '4.3.1' }]
  const [facts] = await factsOf({ ApiVersion: '1.41', Components }, { ServerVersion: '4.3.1' })
  assert.deepEqual([facts.product, facts.version], ['podman', '4.3.1'])
})

test('facts() make nothing of nonsense', async () => {
  const [facts] = await factsOf({ Components: 'x' }, { Runtimes: 3, SecurityOptions: [7] })
  assert.deepEqual(
    [facts.product, facts.version, facts.apiVersion, facts.runtimes, facts.walls],
    ['docker', '', '', [], []],
  )
})
