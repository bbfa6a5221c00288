import type { EngineContainer, EngineEvent, EngineView } from '../ports/engine.ts'

/**
 * What the engine has, as far as we know: a full list now and then, events in between, and our own
 * deeds at once. It can be behind (events get lost), never ahead; where that would matter the engine
 * is asked directly.
 */
export interface KnownEngine {
  container(name: string): EngineContainer | undefined
  hasNetwork(name: string): boolean
  containers(): readonly EngineContainer[]
  replace(view: EngineView): void
  note(event: EngineEvent): void
  put(container: EngineContainer): void
  drop(name: string): void
  putNetwork(name: string): void
  dropNetwork(name: string): void
}

export function knownEngine(): KnownEngine {
  let containers = new Map<string, EngineContainer>()
  let networks = new Set<string>()
  return {
    container: (name) => containers.get(name),
    hasNetwork: (name) => networks.has(name),
    containers: () => [...containers.values()],
    replace(view) {
      containers = new Map(view.containers.map((one) => [one.name, one]))
      networks = new Set(view.networks.map(({ name }) => name))
    },
    note(event) {
      if (event.kind === 'network') {
        if (event.action === 'destroy') networks.delete(event.name)
        return
      }
      const known = containers.get(event.name)
      const status = STATUS_AFTER[event.action]
      if (event.action === 'destroy') containers.delete(event.name)
      // The details of an end are asked for when they are needed.
      else if (known && status) containers.set(event.name, withStatus(known, status))
    },
    put: (container) => void containers.set(container.name, container),
    drop: (name) => void containers.delete(name),
    putNetwork: (name) => void networks.add(name),
    dropNetwork: (name) => void networks.delete(name),
  }
}

const STATUS_AFTER: Readonly<Record<string, EngineContainer['status']>> = {
  start: 'running',
  die: 'exited',
  pause: 'paused',
  unpause: 'running',
}

function withStatus(known: EngineContainer, status: EngineContainer['status']): EngineContainer {
  const { exit: _, ...rest } = known
  return { ...rest, status }
}
