import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { dockerEngine } from '../../src/adapters/docker-engine.ts'
import { EngineAway, EngineRefusal, type PullWanted } from '../../src/ports/engine.ts'
import { baseImage, imageFrom, newId, realDocker } from '../support/engine.ts'
import { freePort, registry, USER } from '../support/registry.ts'

const DEADLINE_MS = 60_000
const LAYER_BYTES = 4 * 1024 * 1024

const docker = realDocker()
const engine = dockerEngine({ docker, instance: newId(), now: () => new Date() })

async function pull(wanted: PullWanted, signal = AbortSignal.timeout(DEADLINE_MS)) {
  const percents: number[] = []
  await engine.pull(wanted, (percent) => percents.push(percent), signal)
  return percents
}

/** Puts an image of its own into the registry, and leaves nothing of it on the engine. */
async function pushed(host: string): Promise<{ reference: string; digest: string }> {
  const base = await baseImage(docker)
  const layer = { path: 'layer', mode: 0o644, source: randomBytes(LAYER_BYTES) }
  const image = await imageFrom(docker, `FROM ${base.tag}\nCOPY layer /\nEXPOSE 80\n`, [layer])
  const reference = `${host}/team/app:1`
  await docker.getImage(image.tag).tag({ repo: `${host}/team/app`, tag: '1' })
  const stream = await docker
    .getImage(reference)
    .push({ authconfig: { ...USER, serveraddress: host } })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()))
  await promise
  const { RepoDigests } = await docker.getImage(reference).inspect()
  await docker.getImage(reference).remove()
  await image.remove()
  const digest = RepoDigests.find((each) => each.startsWith(host))?.split('@')[1] ?? ''
  return { reference, digest }
}

const refusedIn = (words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof EngineRefusal, String(error))
  assert.match(error.answer, words)
  assert.doesNotMatch(error.message, /secret|wrong-password/)
  return true
}

test('pull() brings an image, tells how far it is, and does nothing the second time', async () => {
  const { host, close } = await registry()
  try {
    const { reference, digest } = await pushed(host)
    const signal = AbortSignal.timeout(DEADLINE_MS)
    assert.equal(await engine.image(reference, signal), undefined)

    const percents = await pull({ reference })
    assert.equal(percents.at(-1), 100)
    assert.deepEqual(
      percents,
      percents.toSorted((a, b) => a - b),
    )
    assert.ok(new Set(percents).size > 2, `only ${percents.join(' ')}`)
    const facts = await engine.image(reference, signal)
    assert.deepEqual(facts?.exposedTcpPorts, [80])
    const base = await engine.image((await baseImage(docker)).tag, signal)
    const added = (facts.sizeBytes ?? 0) - (base?.sizeBytes ?? 0)
    assert.ok(added >= LAYER_BYTES && added < LAYER_BYTES * 1.1, `unpacked it adds ${added} bytes`)

    assert.equal((await pull({ reference })).at(-1), 100)
    await pull({ reference: `${host}/team/app@${digest}` })
    assert.deepEqual(await engine.image(`${host}/team/app@${digest}`, signal), facts)
    await engine.removeImage(reference, signal)
    assert.equal(await engine.image(reference, signal), undefined)
    await engine.removeImage(facts.imageId, signal)
    assert.equal(await engine.image(facts.imageId, signal), undefined)
  } finally {
    await close()
  }
})

test('pull() breaks off when the layers are larger than may be', async () => {
  const { host, close } = await registry()
  try {
    const { reference } = await pushed(host)
    const large = pull({ reference, mostBytes: LAYER_BYTES / 2 })
    await assert.rejects(large, refusedIn(/^it is too large$/))
    await docker
      .getImage(reference)
      .remove({ force: true })
      .catch(() => undefined)
  } finally {
    await close()
  }
})

test('pull() says in words of the registry or the engine what is not there', async () => {
  const { host, close } = await registry()
  try {
    await assert.rejects(
      pull({ reference: `${host}/none:1` }),
      refusedIn(/manifest unknown|not found/),
    )
    const digest = `sha256:${'ab'.repeat(32)}`
    const missing = pull({ reference: `${host}/none@${digest}` })
    await assert.rejects(missing, refusedIn(/not found|unknown/))
  } finally {
    await close()
  }
})

test('pull() shows credentials to the registry, and says when they are wrong', async () => {
  const { host, close } = await registry({ locked: true })
  try {
    const { reference } = await pushed(host)
    await assert.rejects(pull({ reference }), refusedIn(/no basic auth credentials/))
    const wrong = { ...USER, password: 'wrong-password', host }
    await assert.rejects(pull({ reference, credentials: wrong }), refusedIn(/unauthorized/i))

    assert.equal((await pull({ reference, credentials: { ...USER, host } })).at(-1), 100)
    await docker.getImage(reference).remove({ force: true })
  } finally {
    await close()
  }
})

test('pull() says that a registry is away', async () => {
  const reference = `127.0.0.1:${await freePort()}/app:1`
  await assert.rejects(pull({ reference }), refusedIn(/connection refused/))
})

test('pull() ends with its signal when a registry is silent', async () => {
  const connections: Socket[] = []
  const silent = createServer((socket) => connections.push(socket)).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const address = silent.address()
  assert.ok(typeof address === 'object' && address)
  const stop = new AbortController()
  silent.once('connection', () => stop.abort())
  try {
    const pulled = pull({ reference: `127.0.0.1:${address.port}/app:1` }, stop.signal)
    await assert.rejects(pulled, EngineAway)
  } finally {
    silent.close()
    for (const socket of connections) socket.destroy()
  }
})
