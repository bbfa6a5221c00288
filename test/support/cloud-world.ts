import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Docker from 'dockerode'
import { openStore } from '../../db/open.ts'
import type { TlsSettings } from '../../proxy/core/server-names.ts'
import { openKeyRing } from '../../src/adapters/key-ring.ts'
import { openVault } from '../../src/adapters/vault.ts'
import { readSettings } from '../../src/config.ts'
import { apiOver } from '../../src/control/api.ts'
import type { Outside } from '../../src/control/outside.ts'
import { services, type Services } from '../../src/control/services.ts'
import { storageWatch } from '../../src/control/storage.ts'
import type { AccessKeyCreate, NewAccessKey } from '../../src/contract/keys.ts'
import { PLATFORM } from '../../src/core/actor.ts'
import { ALL_PERMISSIONS } from '../../src/core/permissions.ts'
import { FakeAuthority } from '../fakes/certificate-authority.ts'
import { FakePublicAuthority } from '../fakes/public-authority.ts'
import { FakeEdge } from '../fakes/edge.ts'
import { EngineHost, type HostDeps } from '../fakes/engine-host.ts'
import { fakeEngine } from '../fakes/engine.ts'
import { FakeShaper } from '../fakes/shaper.ts'
import { FakeProofs } from '../fakes/domain-proofs.ts'
import { FakeOutsideNames } from '../fakes/outside-names.ts'
import { FakePaths } from '../fakes/peer-paths.ts'
import { FakeFirewall } from '../fakes/firewall.ts'
import { FakeRoutes } from '../fakes/routes.ts'
import { FakeCounters } from '../fakes/edge-counters.ts'
import { FakeNames } from '../fakes/names.ts'
import { FakeSecretFiles } from '../fakes/secret-files.ts'
import { FakeTunnels } from '../fakes/tunnel-edge.ts'
import { HandTime } from '../fakes/timers.ts'
import { requested, type Asked, type Line } from './api-world.ts'
import { freshDatabase, MEMORY, MIGRATIONS } from './fresh-database.ts'
import { imageIdOf, until } from './world.ts'

const ID = 'testtesttesttest'

type Env = Readonly<Record<string, string>>
type Machine = Omit<HostDeps, 'now'>

const shown = async (): Promise<void> => undefined

/** All that the control plane gets from outside, with an engine and an edge that are made up. */
async function outsideIn(folder: string, env: Env, machine: Machine) {
  const time = new HandTime()
  const host = new EngineHost({ ...machine, now: time.now })
  const edge = new FakeEdge()
  const tunnels = new FakeTunnels()
  const counters = new FakeCounters()
  const { onTunnels, cutTunnel } = tunnels
  const secured: TlsSettings[] = []
  const secure = (settings: TlsSettings): void => void secured.push(settings)
  const secretFiles = new FakeSecretFiles()
  const publicAuthority = new FakePublicAuthority()
  const proofs = new FakeProofs()
  const path = join(folder, 'keys.json')
  const keyRing = await openKeyRing({ path, databaseHasKeys: false })
  const database = join(folder, 'cloudlet.db')
  await freshDatabase(database)
  const outside: Outside = {
    instance: {
      id: ID,
      dataDir: folder,
      apiAddress: '127.0.0.1:7070',
      ingressAddress: '127.0.0.1:8080',
      httpsAddress: '127.0.0.1:8443',
      dnsAddress: '127.0.0.1:1053',
      pool: '10.208.0.0/12',
      resolver: '10.208.0.53',
      isolated: true,
      edgeUid: null,
      workers: 1,
    },
    settings: readSettings({ env, uid: -1, home: folder }),
    log: () => undefined,
    clock: time,
    timers: time,
    store: await openStore(`file:${database}`, MIGRATIONS),
    storage: storageWatch({ clock: time, timers: time, log: () => undefined }),
    isFirstStart: true,
    keyRing,
    vault: await openVault({ path, databaseHasSecrets: false }),
    secretFiles,
    docker: new Docker({ socketPath: join(folder, 'no-engine') }),
    engine: fakeEngine(host, ID),
    groups: null,
    firewall: new FakeFirewall(),
    peerPaths: new FakePaths(),
    shaper: new FakeShaper(),
    outsideNames: new FakeOutsideNames(),
    domainProofs: proofs,
    cables: null,
    routes: new FakeRoutes(),
    names: new FakeNames(),
    registries: [],
    authority: new FakeAuthority(),
    publicAuthority: env['CLOUDLET_ACME_DIRECTORY'] === undefined ? null : publicAuthority,
    edge: Object.assign(edge, {
      close: () => undefined,
      onTunnels,
      cutTunnel,
      secure,
      challenge: shown,
      measure: counters.measure,
      onMeasures: counters.onMeasures,
    }),
  }
  return { outside, time, host, edge, tunnels, counters, secretFiles, secured, proofs }
}

/** The API with everything behind it, as the control plane puts it together; only the outside is made up. */
export async function cloudWorld(env: Env = {}, machine: Machine = {}) {
  const folder = mkdtempSync(join(MEMORY, 'cloudlet-cloud-'))
  const made = await outsideIn(folder, env, machine)
  const { outside, time, host, edge, tunnels, counters, secretFiles, proofs } = made
  const all = await lifeOf(outside)
  all.openTunnels.watch()
  const admin = await all.keys.createAdmin()
  const stopping = new AbortController()
  const app = apiOver(outside, all, stopping.signal)
  all.reconciler.start()
  await until('the engine has been listed', all.reconciler.isUp)
  const imageId = imageIdOf('base')
  host.addImage('cloudlet/base', { imageId, exposedTcpPorts: [], volumes: [], user: '' })
  const shared = { reference: 'docker.io/cloudlet/base:latest', imageId, addedAt: 1 }
  await outside.store.write((q) => q.images.put({ tenantId: null, ...shared }))

  return {
    all,
    app,
    admin,
    edge,
    tunnels,
    counters,
    secretFiles,
    proofs,
    host,
    outside,
    time,
    stopping,
    store: outside.store,
    /** What the workers of the ingress were told of TLS. */
    secured: made.secured,
    /** Where the database is, for those who look at it from beside. */
    url: `file:${join(folder, 'cloudlet.db')}`,
    actor: PLATFORM,
    /** No operation is open any more; time goes on meanwhile. */
    async quiet(): Promise<void> {
      await until('nothing moves', async () => {
        // What has to last for a while does.
        time.advance(1000)
        const slugs = await outside.store.read.tenants.liveSlugs()
        const lists = await Promise.all(
          slugs.flatMap((slug) =>
            (['pending', 'running'] as const).map((state) =>
              all.operations.list(slug, { limit: 1, state }),
            ),
          ),
        )
        return lists.every(({ items }) => items.length === 0)
      })
    },
    /** The services of another life of the control plane on the same disk, which drive nothing. */
    reborn: (): Promise<Services> => lifeOf(outside),
    call: (line: Line, asked: Asked = {}) => requested(app, line, asked),
    /** A key of a tenant, or of the platform. */
    keyOf(tenant: string | null, wanted: Partial<AccessKeyCreate>): Promise<NewAccessKey> {
      const caller = { permissions: ALL_PERMISSIONS }
      const asked = { tenant, actor: PLATFORM, caller }
      return all.keys.create(asked, { description: '', role: 'member', ...wanted })
    },
    addTenant: (slug: string) => all.tenants.create({ slug, policy: 'baseline' }, PLATFORM),
    async [Symbol.asyncDispose]() {
      stopping.abort(new Error('The test is over'))
      await all.reconciler.stop()
      await outside.store.close()
      rmSync(folder, { recursive: true })
    },
  }
}
async function lifeOf(outside: Outside): Promise<Services> {
  const all = services(outside)
  await all.keys.load()
  await all.signIn.load()
  return all
}

export type CloudWorld = Awaited<ReturnType<typeof cloudWorld>>
