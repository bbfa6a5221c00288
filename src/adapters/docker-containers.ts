import { INSTANCE_LABEL } from '../core/docker-names.ts'
import type { Engine, EngineContainer } from '../ports/engine.ts'
import { fieldsOf, listOf, numberOf, type Fields } from './docker-answers.ts'
import type { Calls } from './docker-calls.ts'
import { inspectedContainer, listedContainer, nameOf } from './docker-container-view.ts'

type Reads = Pick<Engine, 'inspectContainer' | 'writtenBytes'> & {
  list(signal: AbortSignal): Promise<EngineContainer[]>
}

/** Sizes are measured by walking each container's root. */
const SIZES_MS = 10 * 60_000
const GONE = 404

export function dockerContainers(calls: Calls, instance: string): Reads {
  async function listed(query: Record<string, string>, filter: object, signal: AbortSignal) {
    const label = [`${INSTANCE_LABEL}=${instance}`]
    const { value } = await calls.ask({
      action: 'list containers',
      method: 'GET',
      path: '/containers/json',
      query: { ...query, filters: JSON.stringify({ ...filter, label }) },
      ...('size' in query && { timeoutMs: SIZES_MS }),
      signal,
    })
    return listOf(value).map(fieldsOf)
  }

  return {
    async list(signal) {
      const found = await listed({ all: '1' }, {}, signal)
      return found.flatMap((fields) => listedContainer(instance, fields) ?? [])
    },

    async inspectContainer(name, signal) {
      const fields = await containerFields(calls, name, signal)
      return fields && inspectedContainer(instance, fields)
    },

    async writtenBytes(signal) {
      const found = await listed({ size: '1' }, { status: ['running'] }, signal)
      return new Map(found.map((fields) => [nameOf(fields), numberOf(fields['SizeRw'])]))
    },
  }
}

/** Undefined for one that is gone; whose it is, the caller looks. */
export async function containerFields(
  calls: Calls,
  name: string,
  signal: AbortSignal,
): Promise<Fields | undefined> {
  const action = `inspect container "${name}"`
  const path = `${containerPath(name)}/json`
  const answer = await calls.ask({ action, method: 'GET', path, fine: [GONE], signal })
  return answer.status === GONE ? undefined : fieldsOf(answer.value)
}

export const containerPath = (name: string): string => `/containers/${encodeURIComponent(name)}`
