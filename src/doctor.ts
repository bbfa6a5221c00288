import Docker from 'dockerode'
import { dockerEngine } from './adapters/docker-engine.ts'
import { systemExam } from './adapters/system-exam.ts'
import { systemHost } from './adapters/system-host.ts'
import { readSettings, SettingsError, thisWorld } from './config.ts'
import { diagnosisWithoutPlatform } from './core/doctor.ts'
import type { Finding } from './core/finding.ts'
import { placesIn } from './instance.ts'
import { PrepareError } from './prepare/error.ts'
import { readKept } from './prepare/choose.ts'
import { portStates } from './prepare/port-states.ts'

/** What can be told of this machine while no platform answers: run by `cloudlet doctor` then. */

const LOOK_MS = 10_000

async function look(): Promise<readonly Finding[]> {
  const settings = readSettings(thisWorld())
  const dataDir = settings.CLOUDLET_DATA_DIR
  const docker = new Docker({ socketPath: settings.CLOUDLET_ENGINE })
  const signal = AbortSignal.timeout(LOOK_MS)
  const engine = await dockerEngine({ docker, instance: '', now: () => new Date() })
    .facts(signal)
    .catch(() => null)
  const folders = [dataDir, ...(engine ? [engine.rootDir] : [])]
  const machine = await systemHost(() => Promise.resolve(folders))
    .facts(signal)
    .catch(() => null)
  const kept = readKept(placesIn(dataDir).instance)
  const ports = () => (kept ? portStates(kept) : [])
  const exam = systemExam({ keysFile: placesIn(dataDir).keys, ports, responder: null })
  return diagnosisWithoutPlatform({
    engine,
    host: await exam.look(folders, signal),
    disks: machine?.disks ?? null,
    diskHighWaterPercent: settings.CLOUDLET_DISK_HIGH_WATER_PERCENT,
  })
}

const lineOf = ({ check, result, meaning, todo }: Finding): string =>
  `${result.padEnd('problem'.length)}  ${check}: ${meaning}${todo === null ? '' : `. ${todo}`}`

try {
  const items = await look()
  const isJson = process.argv[2] === '--json'
  const text = isJson
    ? JSON.stringify({ healthy: false, items }, null, 2)
    : items.map(lineOf).join('\n')
  process.stdout.write(`${text}\n`)
} catch (error) {
  if (!(error instanceof SettingsError || error instanceof PrepareError)) throw error
  process.stderr.write(`cloudlet: ${error.message}\n`)
}
// That the platform does not answer is a problem in itself.
process.exitCode = 1
