import { DatabaseError } from '../db/migrated.ts'
import { KeyFileError } from './adapters/key-ring.ts'
import { profileFileOf, readSettings, thisWorld } from './config.ts'
import { apiServer } from './control/api.ts'
import { banner } from './control/banner.ts'
import { DEMO, demoReady, makeDemo, buildTeller } from './control/demo.ts'
import { firstStart } from './control/first-start.ts'
import { publicOrigin } from './control/front-door.ts'
import { openOutside, type Outside } from './control/outside.ts'
import { ensurePlatformImages } from './control/platform-images.ts'
import { services, urlOf, type Services } from './control/services.ts'
import { placesIn, type Instance } from './instance.ts'
import { jsonLog, type LogLevel } from './log.ts'

/** The control plane: owns the database, drives the engine, serves the API. Here it is put together. */

interface Argument {
  readonly instance: Instance
  readonly level: LogLevel
}

/** As in `main.ts`: it cannot work here, and has said why. */
const UNWORKABLE = 78
const ENGINE_READY_MS = 15 * 60_000
/** What has expired is used no longer than this. */
const EXPIRY_MS = 1000
const SWEEP_MS = 60_000
/** What a process of the edge has counted since is lost when it is killed. */
const COUNT_MS = 5_000
const BACKUP_LOOK_MS = 5 * 60_000
const HISTORY_SWEEP_MS = 60 * 60_000

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made by the supervisor alone
const { instance, level } = JSON.parse(process.argv[2] ?? '{}') as Argument
const world = thisWorld()
const settings = readSettings(world)
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const log = jsonLog({
  part: 'control-plane',
  least: level,
  now: () => new Date(),
  write: (line) => process.stderr.write(line),
})

async function main(): Promise<void> {
  const stopping = new AbortController()
  const outside = await openOutside(instance, settings, log)
  const all = services(outside)
  outside.storage.watch({ store: outside.store, events: all.events })
  await all.keys.load()
  await all.signIn.load()
  all.openTunnels.watch()
  const endpoint = `http://${instance.apiAddress}`
  const { adminFile } = placesIn(instance.dataDir)
  const admin = await firstStart({
    endpoint,
    adminFile,
    profileFile: profileFileOf(world),
    instanceName: instance.id,
    tenant: settings.CLOUDLET_DEMO ? DEMO.tenant : null,
    isFirstStart: outside.isFirstStart,
    createAdmin: () => all.keys.createAdmin(),
    unusedAdmin: () => all.keys.unusedAdmin(),
  })
  const safeMode = await all.safeMode.state()
  if (safeMode) log('warn', 'In safe mode: nothing is removed for being unknown', safeMode)
  await all.capacity.start()
  const api = apiServer(outside, all, stopping.signal)
  await api.listen()
  all.reconciler.start()
  all.alarms.start()
  stopWhenTold(stopping, async () => {
    await api.close()
    await Promise.all([all.reconciler.stop(), all.capacity.stop(), all.alarms.stop()])
    await all.edgeMetrics.keep()
    outside.edge.close()
    await lastUses(all)
    await outside.store.close()
  })
  sweep(all)

  const deadline = AbortSignal.any([stopping.signal, AbortSignal.timeout(ENGINE_READY_MS)])
  const demoUrl = await demo(outside, all, deadline)
  say(
    banner({
      instance,
      endpoint,
      publicEndpoint: publicOrigin(outside),
      admin,
      demoUrl,
      safeMode,
      env: world.env,
    }),
  )
}

/** Builds what is missing, and waits for the demo's app, so that the URL that is shown answers. */
async function demo(outside: Outside, all: Services, signal: AbortSignal): Promise<string | null> {
  await all.reconciler.ready(signal)
  const { docker, store, clock, timers } = outside
  await ensurePlatformImages({ docker, store, clock, told: buildTeller(say) }, signal)
  if (!settings.CLOUDLET_DEMO) return null
  if (outside.isFirstStart) {
    await makeDemo(all, (why) => say(`The demo is not there: ${why}`))
  }
  await demoReady({ containers: all.containers, clock, timers }, signal)
  return urlOf(instance, DEMO.name, DEMO.tenant)
}

/** No control plane outlives its supervisor, which holds the other end of its input: two would drive one engine. */
function stopWhenTold(stopping: AbortController, end: () => Promise<void>): void {
  const stop = (): void => {
    if (stopping.signal.aborted) return
    stopping.abort()
    end().then(
      () => process.exit(0),
      (error: unknown) => {
        log('error', 'Cannot stop in order', { error })
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', stop)
  process.stdin.on('end', stop).on('error', stop).resume()
}

/** When keys were used last is worth a write, and no failure of the end. */
async function lastUses({ keys }: Services): Promise<void> {
  await keys
    .sweep()
    .catch((error: unknown) => log('warn', 'Cannot write down the last uses of keys', { error }))
}

/** Ends what has expired, and forgets what is long over. */
function sweep(all: Services): void {
  const { backups, keys, signIn, history, once, auditCare, secretsKey } = all
  setInterval(() => keys.endExpired(), EXPIRY_MS).unref()
  every(SWEEP_MS, 'sweep old answers', () => once.sweep())
  every(SWEEP_MS, 'sweep the sessions', () => signIn.sweep())
  every(SWEEP_MS, 'sweep the keys', () => keys.sweep())
  every(COUNT_MS, 'hear what the edge has counted', () => all.edgeMetrics.look())
  every(SWEEP_MS, 'keep what the edge has counted', () => all.edgeMetrics.keep())
  every(SWEEP_MS, 'log the heads of the audit log', () => auditCare.logHeads())
  every(BACKUP_LOOK_MS, 'make a backup of the database', () => backups.sweep())
  every(SWEEP_MS, 'sweep the files of secrets', () => all.reconciler.sweepSecrets())
  every(SWEEP_MS, 'sweep images that nobody uses', () => all.reconciler.sweepImages())
  every(SWEEP_MS, 'give secrets their new key', async () => void (await secretsKey.settle()))
  every(SWEEP_MS, 'keep the certificates', () => {
    all.reconciler.certificates.keepAll()
    return all.reconciler.certificates.warnOfEnds()
  })
  every(HISTORY_SWEEP_MS, 'sweep the history', () => history.sweep())
  every(HISTORY_SWEEP_MS, 'cut the audit log', () => auditCare.sweep())
}

function every(ms: number, what: string, run: () => Promise<void>): void {
  setInterval(() => {
    run().catch((error: unknown) => log('warn', `Cannot ${what}`, { error }))
  }, ms).unref()
}

main().catch((error: unknown) => {
  if (error instanceof KeyFileError || error instanceof DatabaseError) {
    process.stderr.write(`cloudlet: ${error.message}\n`)
    process.exit(UNWORKABLE)
  }
  log('error', 'The control plane cannot run', { error })
  process.exit(1)
})
