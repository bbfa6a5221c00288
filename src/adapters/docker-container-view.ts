import { labelsOfInstance } from '../core/docker-names.ts'
import type { EngineContainer, EngineSettings } from '../ports/engine.ts'
import { dateOf, fieldsOf, listOf, numberOf, textOf, type Fields } from './docker-answers.ts'

const STATUSES = [
  'created',
  'running',
  'paused',
  'restarting',
  'removing',
  'exited',
  'dead',
] as const satisfies readonly EngineContainer['status'][]

export const NANO_CPUS_A_MILLI = 1_000_000

/** Undefined for one that is not of this instance. */
export function listedContainer(instance: string, fields: Fields): EngineContainer | undefined {
  const labels = labelsOfInstance(instance, fieldsOf(fields['Labels']))
  if (!labels) return undefined
  const ports = listOf(fields['Ports']).map(fieldsOf)
  return {
    ...labels,
    spec: labels.spec ?? '',
    engineId: textOf(fields['Id']),
    name: nameOf(fields),
    createdAt: new Date(numberOf(fields['Created']) * 1000),
    status: statusOf(fields['State']),
    published: ports.flatMap(({ PrivatePort, PublicPort, Type }) =>
      published(numberOf(PrivatePort), numberOf(PublicPort), Type),
    ),
  }
}

/** Undefined for one that is not of this instance. */
export function inspectedContainer(instance: string, fields: Fields): EngineContainer | undefined {
  const labels = labelsOfInstance(instance, fieldsOf(fieldsOf(fields['Config'])['Labels']))
  if (!labels) return undefined
  const ports = fieldsOf(fieldsOf(fields['NetworkSettings'])['Ports'])
  return {
    ...labels,
    spec: labels.spec ?? '',
    engineId: textOf(fields['Id']),
    name: textOf(fields['Name']).replace(/^\//, ''),
    createdAt: dateOf(fields['Created']),
    ...stateOf(fieldsOf(fields['State'])),
    set: settingsOf(fields),
    ...netnsOf(fieldsOf(fields['NetworkSettings'])),
    published: Object.entries(ports).flatMap(([key, bindings]) => {
      const [port = '', protocol] = key.split('/')
      return listOf(bindings).flatMap((binding) =>
        published(Number(port), Number(fieldsOf(binding)['HostPort']), protocol),
      )
    }),
  }
}

function settingsOf(fields: Fields): EngineSettings {
  const host = fieldsOf(fields['HostConfig'])
  const { Networks } = fieldsOf(fields['NetworkSettings'])
  return {
    memoryBytes: numberOf(host['Memory']),
    cpuMilli: Math.round(numberOf(host['NanoCpus']) / NANO_CPUS_A_MILLI),
    cpuShares: numberOf(host['CpuShares']),
    pids: numberOf(host['PidsLimit']),
    // An engine says "no" with an empty word, too.
    restart: textOf(fieldsOf(host['RestartPolicy'])['Name']) || 'no',
    networks: Object.keys(fieldsOf(Networks)),
  }
}

/** Empty while there is none. */
function netnsOf({ SandboxKey }: Fields): Pick<EngineContainer, 'netns'> {
  const netns = textOf(SandboxKey)
  return netns === '' ? {} : { netns }
}

function stateOf(state: Fields): Pick<EngineContainer, 'status' | 'exit' | 'pid'> {
  const status = statusOf(state['Status'])
  const exitCode = numberOf(state['ExitCode'])
  // One that could not be started stays `created`, and its exit code says so.
  const ended = status === 'exited' || status === 'dead' || (status === 'created' && exitCode > 0)
  const pid = numberOf(state['Pid'])
  if (!ended) return { status, ...(pid > 0 && { pid }) }
  const startedAt = dateOf(state['StartedAt'])
  const finishedAt = dateOf(state['FinishedAt'])
  return {
    status,
    exit: {
      exitCode,
      oomKilled: state['OOMKilled'] === true,
      error: textOf(state['Error']),
      startedAt,
      // Two clocks' work: the end of a process that lived a millisecond can come before its start.
      finishedAt: finishedAt < startedAt ? startedAt : finishedAt,
    },
  }
}

/** A word that is unknown here is of an engine that is newer: the container is there, and not well. */
function statusOf(word: unknown): EngineContainer['status'] {
  return STATUSES.find((status) => status === word) ?? 'dead'
}

export function nameOf(fields: Fields): string {
  return textOf(listOf(fields['Names'])[0]).replace(/^\//, '')
}

function published(
  port: number,
  hostPort: number,
  protocol: unknown,
): EngineContainer['published'] {
  if (!(port > 0 && hostPort > 0)) return []
  return [{ port, hostPort, protocol: protocol === 'udp' ? 'udp' : 'tcp' }]
}
