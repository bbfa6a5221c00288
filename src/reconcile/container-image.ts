import type { Queries } from '../../db/open.ts'
import type { ContainerRow, PlacedContainer } from '../../db/queries/containers.ts'
import { appPortOf, mayBeRoot } from '../core/container-shape.ts'
import { wrongField } from '../core/failure.ts'
import { imageVolumes } from '../core/image-volumes.ts'
import type { ImageFacts } from '../ports/engine.ts'
import type { Notes } from './container-notes.ts'
import type { StepDeps } from './container-steps.ts'
import { publishSoon } from './publisher.ts'
import { specOf, type EngineSpec } from './container-wanted.ts'

/** Progress of a pull is written now and then, not with every line that the engine prints. */
const PROGRESS_EVERY_MS = 500

/** Finds the image of a container, pulling it if need be, and sees that the two fit. */
export function containerImage(deps: StepDeps, notes: Notes) {
  const now = (): number => deps.clock.now().getTime()

  function progressOf(row: ContainerRow): (percent: number) => void {
    let last = 0
    return (percent) => {
      if (now() - last < PROGRESS_EVERY_MS) return
      last = now()
      const to = { step: 'pull', progress: 5 + Math.round(percent * 0.3) }
      notes.moved(row, { state: 'pulling' }, to).catch((error: unknown) => {
        deps.log('warn', 'Cannot note the progress of a pull', { container: row.id, error })
      })
    }
  }

  return async ({ row }: PlacedContainer, signal: AbortSignal): Promise<void> => {
    const spec = specOf(row)
    const begins = async (): Promise<void> => {
      await notes.moved(row, { state: 'pulling' }, { step: 'pull', progress: 5 })
    }
    const asked = { tenantId: row.tenantId, image: spec.image }
    const { facts, isShared } = await deps.images(
      asked,
      { begins, progress: progressOf(row) },
      signal,
    )
    const appPort = checkedPort(facts, spec, row)
    const volumeBytes = checkedVolumes(facts, spec, row)
    const imageJson = JSON.stringify({ ...facts, volumeBytes })
    const image = { imageId: facts.imageId, imageBytes: isShared ? 0 : (facts.sizeBytes ?? 0) }
    const change = { imageJson, ...image, appPort, state: 'creating' } as const
    const admit = (q: Queries): Promise<void> =>
      deps.admitImage(q, { ...image, tenantId: row.tenantId, reference: spec.image })
    await notes.moved(row, change, { step: 'create', progress: 40, admit })
    deps.passing('image-resolved')
    // From here on the app's port is known, so requests can wait for it instead of being refused.
    publishSoon(deps)
  }
}

/** Refuses an image whose volumes cannot be given; answers the size of each. */
function checkedVolumes(facts: ImageFacts, spec: EngineSpec, row: ContainerRow): number {
  const judged = imageVolumes(facts.volumes, row.memoryBytes)
  if (judged.ok) return judged.sizeBytes
  throw wrongField('#/image', `the image "${spec.image}" ${judged.reason}`)
}

/** Refuses what only the image could show to be wrong; answers the app's port. */
function checkedPort(facts: ImageFacts, spec: EngineSpec, row: ContainerRow): number | null {
  const user = spec.user ?? facts.user
  if (row.policy === 'restricted' && mayBeRoot(user)) {
    throw wrongField(
      '#/user',
      `the image "${spec.image}" runs as "${user || 'root'}", which the policy "restricted" does not allow: give a number above 0, e.g. "1000:1000"`,
    )
  }
  const app = appPortOf(spec.ports, facts.exposedTcpPorts)
  if (!('port' in app)) {
    throw wrongField(
      '#/ports',
      `the image exposes the ports ${app.ambiguous.join(', ')}: say which is the app's with "ports": [{"port": ${app.ambiguous[0]}, "app": true}]`,
    )
  }
  const { healthCheck } = spec
  const checked = healthCheck !== undefined && healthCheck.type !== 'none'
  if (checked && healthCheck.port === undefined && app.port === null) {
    throw wrongField(
      '#/healthCheck/port',
      `the image "${spec.image}" exposes no port: a health check needs one`,
    )
  }
  return app.port
}
