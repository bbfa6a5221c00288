import { setTimeout as pause } from 'node:timers/promises'
import { marksDiffer } from '../core/spec-mark.ts'
import {
  EngineAway,
  EngineRefusal,
  type ContainerWanted,
  type Engine,
  type EngineContainer,
} from '../ports/engine.ts'
import { fieldsOf, textOf, type Fields } from './docker-answers.ts'
import type { Calls } from './docker-calls.ts'
import { containerBody } from './docker-container-body.ts'
import { inspectedContainer } from './docker-container-view.ts'
import { containerFields, containerPath } from './docker-containers.ts'
import { dialectOf } from './docker-dialect.ts'

type Changes = Pick<
  Engine,
  'createContainer' | 'startContainer' | 'stopContainer' | 'removeContainer'
>

interface ChangeDeps {
  readonly calls: Calls
  readonly instance: string
  /** Whether the engine has docker-init. */
  readonly init: (signal: AbortSignal) => Promise<boolean>
  readonly openFiles: number
}

/** On top of the time that the container is given to stop. */
const STOP_MS = 30_000
/** How long a removal that somebody else began may take. */
const REMOVAL_MS = 60_000
const REMOVAL_POLL_MS = 50
const CONFLICT = 409
const GONE = 404
const ALREADY_SO = 304

export function dockerContainerChanges(deps: ChangeDeps): Changes {
  const { calls, instance, openFiles } = deps
  return {
    async createContainer(wanted, signal) {
      const { name } = wanted
      const dialect = dialectOf(await calls.apiVersion(signal))
      const init = await deps.init(signal)
      const action = `create container "${name}"`
      const question = {
        action,
        method: 'POST',
        path: '/containers/create',
        query: { name },
        body: containerBody(wanted, { instance, dialect, init, openFiles }),
        fine: [CONFLICT],
        signal,
      } as const
      return afterRemoval(name, signal, async () => {
        const { status, value } = await calls.ask(question)
        if (status !== CONFLICT) return textOf(fieldsOf(value)['Id'])
        return adopted(instance, wanted, await containerFields(calls, name, signal))
      })
    },

    async startContainer(name, signal) {
      const action = `start container "${name}"`
      const path = `${containerPath(name)}/start`
      await calls.ask({ action, method: 'POST', path, fine: [ALREADY_SO], signal })
    },

    async stopContainer(name, timeoutSeconds, signal) {
      await calls.ask({
        action: `stop container "${name}"`,
        method: 'POST',
        path: `${containerPath(name)}/stop`,
        query: { t: String(timeoutSeconds) },
        fine: [ALREADY_SO, GONE],
        timeoutMs: timeoutSeconds * 1000 + STOP_MS,
        signal,
      })
    },

    async removeContainer(name, signal) {
      const question = {
        action: `remove container "${name}"`,
        method: 'DELETE',
        path: containerPath(name),
        // `v`: a directory that the image calls a volume becomes one, even where a tmpfs covers it.
        query: { force: '1', v: '1' },
        fine: [GONE, CONFLICT],
        signal,
      } as const
      await afterRemoval(name, signal, async () => {
        const { status } = await calls.ask(question)
        return status === CONFLICT ? undefined : status
      })
    },
  }
}

/** Repeats `attempt`, which answers undefined for as long as a removal of that name is under way. */
async function afterRemoval<T>(
  name: string,
  signal: AbortSignal,
  attempt: () => Promise<T | undefined>,
): Promise<T> {
  for (let waitedMs = 0; waitedMs < REMOVAL_MS; waitedMs += REMOVAL_POLL_MS) {
    const done = await attempt()
    if (done !== undefined) return done
    await pause(REMOVAL_POLL_MS, undefined, { signal }).catch((cause: unknown) => {
      throw new EngineAway(`Cannot wait for the removal of "${name}"`, { cause })
    })
  }
  throw new EngineAway(`Cannot wait for the removal of "${name}": it takes too long`)
}

/** The id of the container in the way, if it is the wanted one; undefined where it is going or gone. */
function adopted(
  instance: string,
  wanted: ContainerWanted,
  found: Fields | undefined,
): string | undefined {
  if (!found || textOf(fieldsOf(found['State'])['Status']) === 'removing') return undefined
  const there = inspectedContainer(instance, found)
  if (there && isSame(there, wanted)) return there.engineId
  const whose = there ? `of generation ${there.generation}` : 'of another owner'
  const action = `create container "${wanted.name}"`
  throw new EngineRefusal(action, CONFLICT, `a container ${whose} has that name`)
}

function isSame({ id, generation, spec }: EngineContainer, wanted: ContainerWanted): boolean {
  return id === wanted.id && generation === wanted.generation && !marksDiffer(spec, wanted.spec)
}
