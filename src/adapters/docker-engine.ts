import type Docker from 'dockerode'
import type { Engine, EngineFacts } from '../ports/engine.ts'
import { fieldsOf, listOf, textOf } from './docker-answers.ts'
import { dockerCalls, type Calls } from './docker-calls.ts'
import { dockerContainerChanges } from './docker-container-changes.ts'
import { dockerContainerRepairs } from './docker-container-repairs.ts'
import { SANDBOX_RUNTIME } from './docker-container-body.ts'
import { dockerContainers } from './docker-containers.ts'
import { dockerEvents } from './docker-events.ts'
import { dockerImages } from './docker-images.ts'
import { dockerLogs } from './docker-logs.ts'
import { dockerNetworks } from './docker-networks.ts'
import { dockerSample } from './docker-sample.ts'
import { openFilesLimit } from './open-files.ts'

export interface EngineDeps {
  /** Made without a version, since that is agreed upon with the engine. */
  readonly docker: Docker
  /** Everything made carries it, and nothing without it is seen. */
  readonly instance: string
  /** The engine's own clock, so the host's. */
  readonly now: () => Date
  /** Of each container's process. */
  readonly openFiles?: number
}

export function dockerEngine(deps: EngineDeps): Engine {
  const { docker, instance, now, openFiles = openFilesLimit() } = deps
  const calls = dockerCalls(docker)
  const containers = dockerContainers(calls, instance)
  const networks = dockerNetworks(calls, instance)
  const init = onceKnown(calls, hasInit)
  return {
    ...dockerImages(calls),
    ...dockerContainerChanges({ calls, instance, init, openFiles }),
    ...dockerContainerRepairs(calls),
    facts: (signal) => engineFacts({ calls, now }, signal),

    async list(signal) {
      const [listed, bridges] = await Promise.all([containers.list(signal), networks.list(signal)])
      return { containers: listed, networks: bridges }
    },
    events: (signal) => dockerEvents({ calls, instance, now }, signal),

    ensureNetwork: networks.ensureNetwork,
    removeNetwork: networks.removeNetwork,
    ranges: networks.ranges,

    inspectContainer: containers.inspectContainer,
    writtenBytes: containers.writtenBytes,
    sample: (name, signal) => dockerSample(calls, name, signal),
    logs: (name, wanted, signal) => dockerLogs(calls, name, { wanted, signal }),
  }
}

interface FactDeps {
  readonly calls: Calls
  readonly now: () => Date
}

async function engineFacts({ calls, now }: FactDeps, signal: AbortSignal): Promise<EngineFacts> {
  const action = 'read the facts of the engine'
  const [version, info] = await Promise.all([
    // Plain, so that an engine with which nothing else can be said still tells what it is.
    calls.ask({ action, method: 'GET', path: '/version', plain: true, signal }),
    calls.ask({ action, method: 'GET', path: '/info', plain: true, signal }),
  ])
  const facts = fieldsOf(info.value)
  const { ServerVersion, LiveRestoreEnabled, Driver, CgroupDriver, Runtimes } = facts
  return {
    product: partVersion(version.value, 'Podman Engine') === '' ? 'docker' : 'podman',
    version: textOf(ServerVersion),
    apiVersion: textOf(fieldsOf(version.value)['ApiVersion']),
    oldestApiVersion: textOf(fieldsOf(version.value)['MinAPIVersion']),
    liveRestore: LiveRestoreEnabled === true,
    storageDriver: textOf(Driver),
    cgroupDriver: CgroupDriver === 'systemd' ? 'systemd' : 'cgroupfs',
    cgroupVersion: facts['CgroupVersion'] === '2' ? '2' : '1',
    kernel: textOf(facts['KernelVersion']),
    runcVersion: partVersion(version.value, 'runc'),
    runtimes: Object.keys(fieldsOf(Runtimes)),
    walls: listOf(facts['SecurityOptions']).flatMap(wallOf),
    sandbox: SANDBOX_RUNTIME in fieldsOf(Runtimes),
    rootDir: textOf(facts['DockerRootDir']),
    clockSkewMs: skewOf(textOf(facts['SystemTime']), now()),
  }
}

function partVersion(version: unknown, name: string): string {
  const parts = listOf(fieldsOf(version)['Components']).map(fieldsOf)
  return textOf(parts.find((part) => part['Name'] === name)?.['Version'])
}

/** `name=seccomp,profile=default`. */
function wallOf(option: unknown): string[] {
  const name = /^name=(?<name>[^,]+)/.exec(textOf(option))?.groups?.['name']
  return name === undefined ? [] : [name]
}

/** An engine without docker-init leaves it out of its parts, and refuses to start what asks for it. */
async function hasInit(calls: Calls, signal: AbortSignal): Promise<boolean> {
  const action = 'read the version of the engine'
  const { value } = await calls.ask({ action, method: 'GET', path: '/version', signal })
  const parts = listOf(fieldsOf(value)['Components'])
  return parts.some((part) => fieldsOf(part)['Name'] === 'docker-init')
}

/** Asks until it is answered, then never again: this does not change while the platform runs. */
function onceKnown<T>(calls: Calls, ask: (calls: Calls, signal: AbortSignal) => Promise<T>) {
  let known: { readonly value: T } | undefined
  return async (signal: AbortSignal): Promise<T> => {
    known ??= { value: await ask(calls, signal) }
    return known.value
  }
}

/** The time that it takes to be told is less than what anybody minds. */
function skewOf(time: string, now: Date): number | null {
  const theirs = Date.parse(time)
  return Number.isNaN(theirs) ? null : theirs - now.getTime()
}
