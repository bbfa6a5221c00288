import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { seeEngineSpeaks } from '../../src/prepare/engine-version.ts'

/** Looks at an engine that answers so to whatever it is asked. */
async function seen(answer: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-stub-'))
  const socketPath = join(folder, 'engine.sock')
  const server = createServer((_, response) => void response.end(answer))
  server.listen(socketPath)
  await once(server, 'listening')
  try {
    await seeEngineSpeaks(socketPath)
  } finally {
    server.close()
    rmSync(folder, { recursive: true })
  }
}

const version = (newest: string, oldest?: string): string =>
  JSON.stringify({ ApiVersion: newest, MinAPIVersion: oldest })

test('seeEngineSpeaks() takes every engine with which something can be spoken', async () => {
  await seen(version('1.41', '1.12'))
  await seen(version('1.56', '1.40'))
  await seen(version('1.52', '1.44'))
  await seen(version('1.44'))
})

test('seeEngineSpeaks() refuses one that is too old or too new, and says what to update', async () => {
  await assert.rejects(
    seen(version('1.40', '1.12')),
    /^PrepareError: Cannot use the engine on .*engine\.sock: it speaks API 1\.40 at most, and Cloudlet needs 1\.41\. Update the engine/,
  )
  await assert.rejects(seen(version('1.90', '1.70')), /Update Cloudlet$/)
})

test('seeEngineSpeaks() does not judge one that is away or not itself', async () => {
  await seeEngineSpeaks('/nowhere/engine.sock')
  for (const answer of ['', 'starting', '[]', '{"message":"starting"}']) await seen(answer)
})
