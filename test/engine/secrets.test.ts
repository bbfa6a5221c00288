import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { secretFiles, secretsRoot } from '../../src/adapters/secret-files.ts'
import { listTenantAudit } from '../../src/contract/audit.ts'
import { getContainer, restartContainer, stopContainer } from '../../src/contract/containers.ts'
import { listTenantEvents } from '../../src/contract/events.ts'
import { listOperations } from '../../src/contract/operations.ts'
import { deleteSecret, getSecret, putSecret } from '../../src/contract/secrets.ts'
import { startPlatform, type Platform } from '../support/platform.ts'
import { BASE, newTenant, type Tenant } from '../support/tenant.ts'
import { until } from '../support/wait.ts'

/** One life of a secret on a real host, and the search for its value wherever it must not be. */

const CANARY = 'canary-3b1f9ad2c4'
const TMPFS_MAGIC = 0x0102_1994

let platform: Platform
let acme: Tenant

before(async () => {
  platform = await startPlatform({ CLOUDLET_DEMO: '0', CLOUDLET_LOG_LEVEL: 'debug' })
  acme = await newTenant(platform, 'acme')
})
after(async () => {
  const root = secretsRoot(platform.instance)
  await platform.remove()
  assert.equal(existsSync(root), false, 'the folder of secrets is left')
})

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const put = (secret: string, value: string) =>
  acme.api.call(putSecret, { params: { tenant: 'acme', secret }, body: { value } })

/** Says what it has, by digests, and whether it can write. */
const SAYS = [
  'sha256sum /run/secrets/db/password | cut -d" " -f1',
  'printf %s "$DB" | sha256sum | cut -d" " -f1',
  "stat -c '%a %u' /run/secrets/db/password",
  "grep ' /run/secrets ' /proc/mounts | cut -d' ' -f3,4",
  '(echo x > /run/secrets/x) 2>/dev/null && echo wrote || echo refused',
  'echo said; exec sleep 1000',
].join('\n')

async function said(name: string): Promise<string[]> {
  let lines: string[] = []
  await until(`${name} has said all`, async () => {
    lines = await acme.logs(name)
    return lines.at(-1) === 'said'
  })
  return lines.slice(-6)
}

test('a secret is in its container, and its value nowhere else', async () => {
  await put('db', `${CANARY}-1`)
  const secrets = [
    { name: 'db', env: 'DB' },
    { name: 'db', file: 'db/password' },
  ]
  const command = ['sh', '-c', SAYS]
  const { id } = await acme.run({ name: 'web', image: BASE, command, secrets, user: '1234' })
  const [file, variable, mode, mount, write] = await said('web')
  const digest = sha256(`${CANARY}-1`)
  assert.deepEqual([file, variable, mode, write], [digest, digest, '400 1234', 'refused'])
  assert.match(mount ?? '', /^tmpfs ro,/)
  const folder = join(secretsRoot(platform.instance), id)
  assert.equal(statfsSync(folder).type, TMPFS_MAGIC)

  await put('db', `${CANARY}-2`)
  assert.equal((await acme.show('web')).secretsOutdated, true)
  const at = { tenant: 'acme', container: 'web' }
  await acme.api.call(restartContainer, { params: at, query: { wait: 60 } })
  await until('it runs with the new value', async () => {
    const lines = await said('web')
    return lines[0] === sha256(`${CANARY}-2`) && lines[1] === sha256(`${CANARY}-2`)
  })
  assert.equal((await acme.show('web')).secretsOutdated, false)

  await acme.api.call(stopContainer, { params: at, query: { wait: 60 } })
  assert.equal(existsSync(folder), false)
  await assert.rejects(
    acme.api.call(deleteSecret, { params: { tenant: 'acme', secret: 'db' } }),
    /used by "web"/,
  )
  await nowhere()
})

test('files are there again after a boot, and another tenant has none of them', async () => {
  await put('db', `${CANARY}-3`)
  const command = ['sh', '-c', SAYS]
  const secrets = [{ name: 'db', file: 'db/password' }]
  const { id } = await acme.run({ name: 'again', image: BASE, command, secrets, restart: 'always' })
  assert.equal((await said('again'))[0], sha256(`${CANARY}-3`))
  // As a boot leaves it: the memory is empty, and the process has ended.
  await secretFiles(secretsRoot(platform.instance)).remove(id)
  await acme.api.call(restartContainer, {
    params: { tenant: 'acme', container: 'again' },
    query: { wait: 60 },
  })
  await until('it has said all twice', async () => {
    const lines = await acme.logs('again')
    return lines.filter((line) => line === 'said').length === 2
  })
  assert.equal((await said('again'))[0], sha256(`${CANARY}-3`))

  const other = await newTenant(platform, 'other')
  await assert.rejects(other.run({ name: 'web', image: BASE, secrets }), /there is no secret "db"/)
  assert.equal(await other.shell('ls /run/secrets 2>/dev/null || echo none'), 'none')
  await nowhere()
  await acme.remove('again')
  await acme.remove('web')
  await acme.api.call(deleteSecret, { params: { tenant: 'acme', secret: 'db' } })
  await until('no file is left', () => readdirSync(secretsRoot(platform.instance)).length === 0)
})

/** Everything that is said or written of it, but by the container itself. */
async function nowhere(): Promise<void> {
  const params = { tenant: 'acme' }
  const container = { params: { ...params, container: 'web' } }
  const answers = await Promise.all([
    acme.api.call(getContainer, container),
    acme.api.call(getSecret, { params: { ...params, secret: 'db' } }),
    acme.api.call(listTenantAudit, { params, query: { limit: 1000 } }),
    acme.api.call(listTenantEvents, { params, query: { limit: 1000 } }),
    acme.api.call(listOperations, { params, query: { limit: 1000 } }),
  ])
  const forms = [CANARY, Buffer.from(CANARY).toString('base64').slice(0, 20)]
  const has = (text: Buffer | string): boolean => forms.some((form) => text.includes(form))
  assert.equal(has(JSON.stringify(answers)), false, 'an answer of the API')
  assert.equal(has(platform.output()), false, 'the log of the platform')
  assert.match(platform.output(), /"Container step"/)
  for (const entry of readdirSync(platform.dataDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    assert.equal(has(readFileSync(path)), false, path)
  }
}
