import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, test, type TestContext } from 'node:test'
import { shareImage } from '../../src/contract/images.ts'
import { answered, postgresImage, redisImage } from '../support/debian-servers.ts'
import { realDocker } from '../support/engine.ts'
import { forward, type Forward } from '../support/forward.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { newTenant, type Tenant } from '../support/tenant.ts'

/** Debian's psql and redis-cli, on this machine, with real servers in containers that publish nothing. */

const LONG = { timeout: 3 * 60_000 }
const PASSWORD = randomBytes(12).toString('hex')
const MIB = 1024 * 1024

const docker = realDocker()
let platform: Platform
let acme: Tenant

before(async () => {
  platform = await startPlatform({ CLOUDLET_DEMO: '0' })
  acme = await newTenant(platform, 'acme')
})

after(() => platform?.remove())

interface Made {
  readonly port: number
  readonly tag: string
  remove(): Promise<void>
}

/** Runs the server, and reaches its port from here. */
async function reached(t: TestContext, name: string, made: Made): Promise<Forward> {
  t.after(() => made.remove())
  await platform.api.call(shareImage, { body: { image: made.tag } })
  await acme.run({ name, image: made.tag, memoryBytes: 512 * MIB })
  t.after(() => acme.remove(name))
  const words = [name, `:${made.port}`]
  const started = await forward(platform, { tenant: 'acme', apiKey: acme.apiKey, words })
  t.after(() => started.end())
  return started
}

test('psql works through a tunnel', LONG, async (t) => {
  const { port } = await reached(t, 'database', await postgresImage(docker, PASSWORD))
  const sql = (text: string): Promise<string> =>
    answered(
      [
        'psql',
        '-X',
        '-h',
        '127.0.0.1',
        '-p',
        String(port),
        '-U',
        'app',
        '-At',
        '-c',
        text,
        'postgres',
      ],
      { PGPASSWORD: PASSWORD },
    )
  await sql(
    'create table numbers as select n, md5(n::text) as hash from generate_series(1, 100000) n',
  )
  const lines = Array.from({ length: 100_000 }, (_, i) => {
    const n = String(i + 1)
    return `${n}|${createHash('md5').update(n).digest('hex')}\n`
  })
  assert.equal(await sql('select n, hash from numbers order by n'), lines.join(''))
  // Each has a connection of its own.
  const counts = await Promise.all(
    Array.from({ length: 8 }, () => sql('select count(*), pg_sleep(0.2) from numbers')),
  )
  assert.deepEqual(new Set(counts), new Set(['100000|\n']))
  await assert.rejects(sql('select 1/0'), /division by zero/)
})

test('redis-cli works through a tunnel', LONG, async (t) => {
  const { port } = await reached(t, 'cache', await redisImage(docker, PASSWORD))
  const redis = (...words: string[]): Promise<string> =>
    answered(['redis-cli', '-p', String(port), ...words], { REDISCLI_AUTH: PASSWORD })
  assert.equal(await redis('ping'), 'PONG\n')
  const value = randomBytes(30_000).toString('hex')
  assert.equal(await redis('set', 'long', value), 'OK\n')
  assert.equal(await redis('get', 'long'), `${value}\n`)
  await Promise.all(Array.from({ length: 20 }, () => redis('incr', 'count')))
  assert.equal(await redis('get', 'count'), '20\n')
  const pipelined = await redis('-r', '500', 'incr', 'many')
  assert.equal(pipelined.trimEnd().split('\n').at(-1), '500')
})
