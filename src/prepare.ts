import { spawnSync } from 'node:child_process'
import { mkdirSync, chmodSync, chownSync } from 'node:fs'
import { readSettings, SettingsError, thisWorld } from './config.ts'
import { placesIn, type Instance } from './instance.ts'
import { chooseInstance } from './prepare/choose.ts'
import { seeEngineSpeaks } from './prepare/engine-version.ts'
import { PrepareError } from './prepare/error.ts'
import { keepWaitingConnections } from './prepare/listener-handover.ts'
import { claimResolver } from './prepare/resolver-address.ts'

const LOCK_WAIT_SECONDS = '5'

/**
 * Runs once before the processes: sees that the platform can run here, chooses what is not yet chosen,
 * and prints the instance as JSON. A process of its own, so that the supervisor stays small.
 */
async function prepare(): Promise<Instance> {
  const settings = readSettings(thisWorld())
  const uid = process.getuid?.() ?? -1
  if (process.platform !== 'linux')
    throw new PrepareError('Cloudlet runs on Linux, beside a Docker Engine')
  if (uid !== 0 && !settings.CLOUDLET_UNISOLATED) {
    throw new PrepareError(
      'Cloudlet runs as root, beside the engine; to try it as another user, without walls between tenants, set CLOUDLET_UNISOLATED=1',
    )
  }
  if (uid === 0 && settings.CLOUDLET_UNISOLATED) {
    throw new PrepareError(
      'CLOUDLET_UNISOLATED is for users who are not root; root has walls between tenants: start without it',
    )
  }
  const isolated = !settings.CLOUDLET_UNISOLATED
  const places = placesIn(settings.CLOUDLET_DATA_DIR)
  mkdirSync(settings.CLOUDLET_DATA_DIR, { recursive: true, mode: 0o711 })
  // Others may pass through to the edge's folder, and see nothing.
  if (uid === 0) chmodSync(settings.CLOUDLET_DATA_DIR, 0o711)
  mkdirSync(places.control, { recursive: true, mode: 0o700 })
  chmodSync(places.control, 0o700)
  seeAlone(places.lock, settings.CLOUDLET_DATA_DIR)
  await seeEngineSpeaks(settings.CLOUDLET_ENGINE)
  const instance = await chooseInstance(settings, isolated)
  mkdirSync(places.edge, { recursive: true, mode: 0o700 })
  // Its group may enter as well: an edge process is still root, in that group and without any
  // capability over files, when it goes there.
  chmodSync(places.edge, 0o770)
  if (instance.edgeUid !== null) chownSync(places.edge, instance.edgeUid, instance.edgeUid)
  if (instance.resolver !== null) {
    claimResolver(instance.resolver, instance.id)
    keepWaitingConnections()
  }
  return instance
}

/**
 * A control plane holds this lock for as long as it lives (`main.ts`); one whose supervisor has just been
 * killed is gone within moments. Seen here too, before a running platform's edge could be replaced.
 */
function seeAlone(lock: string, dataDir: string): void {
  const { status } = spawnSync('flock', ['--wait', LOCK_WAIT_SECONDS, lock, 'true'])
  if (status !== 0)
    throw new PrepareError(`Another Cloudlet runs with the data directory ${dataDir}`)
}

try {
  process.stdout.write(`${JSON.stringify(await prepare())}\n`)
} catch (error) {
  if (!(error instanceof PrepareError) && !(error instanceof SettingsError)) throw error
  process.stderr.write(`cloudlet: ${error.message}\n`)
  process.exitCode = 1
}
