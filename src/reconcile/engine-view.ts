import type { EngineContainer, EngineEvent, EngineView } from '../ports/engine.ts'

/**
 * What the engine has, as far as we know: a full list now and then, events in between, and our own
 * deeds at once. It can be behind (events get lost), never ahead; where that would matter the engine
 * is asked directly.
 */
export interface KnownEngine {
  container(name: string): EngineContainer | undefined
  all(): readonly EngineContainer[]
  running(): readonly EngineContainer[]
  /** The object of this id that has another name than it was given. */
  misnamed(id: string, name: string): EngineContainer | undefined
  /** Another hand has changed how it is set, and nobody has looked since; asking forgets it. */
  isDoubtful(name: string): boolean
  doubt(name: string): void
  hasNetwork(name: string): boolean
  /**
   * Takes a full list for what there is. What is noted while it is being made is newer than it is, and
   * stays.
   */
  refresh(list: () => Promise<EngineView>): Promise<EngineView>
  note(event: EngineEvent): void
  put(container: EngineContainer): void
  drop(name: string): void
  putNetwork(name: string): void
  dropNetwork(name: string): void
}

export function knownEngine(): KnownEngine {
  const containers = nameTable<EngineContainer>()
  const networks = nameTable<true>()
  const doubtful = new Set<string>()
  return {
    container: containers.at,
    all: containers.all,
    running: () => containers.all().filter(({ status }) => status === 'running'),
    misnamed: (id, name) => containers.find((one) => one.id === id && one.name !== name),
    isDoubtful: (name) => doubtful.delete(name),
    doubt: (name) => void doubtful.add(name),
    hasNetwork: (name) => networks.at(name) === true,
    async refresh(list) {
      const lists = [containers.recording(), networks.recording()] as const
      try {
        const view = await list()
        lists[0].replace(new Map(view.containers.map((one) => [one.name, one])))
        lists[1].replace(new Map(view.networks.map(({ name }) => [name, true])))
        return view
      } finally {
        for (const { end } of lists) end()
      }
    },
    note(event) {
      if (event.kind === 'network') {
        if (event.action === 'destroy') networks.set(event.name, undefined)
        return undefined
      }
      if (event.action === 'update') doubtful.add(event.name)
      if (event.action === 'rename') return renamed(containers, event)
      const known = containers.at(event.name)
      const status = STATUS_AFTER[event.action]
      if (event.action === 'destroy') containers.set(event.name, undefined)
      // The details of an end are asked for when they are needed.
      else if (known && status) containers.set(event.name, withStatus(known, status))
      return undefined
    },
    put: (container) => containers.set(container.name, container),
    drop(name) {
      doubtful.delete(name)
      containers.set(name, undefined)
    },
    putNetwork: (name) => networks.set(name, true),
    dropNetwork: (name) => networks.set(name, undefined),
  }
}

/** Values by name, replaced as a whole but for what has been touched since the replacement was begun. */
function nameTable<T>() {
  let values = new Map<string, T>()
  const recordings = new Set<Set<string>>()
  return {
    at: (name: string): T | undefined => values.get(name),
    all: (): T[] => [...values.values()],
    find(is: (value: T) => boolean): T | undefined {
      for (const value of values.values()) if (is(value)) return value
      return undefined
    },
    set(name: string, value: T | undefined): void {
      for (const touched of recordings) touched.add(name)
      if (value === undefined) values.delete(name)
      else values.set(name, value)
    },
    recording() {
      const touched = new Set<string>()
      recordings.add(touched)
      return {
        end: (): boolean => recordings.delete(touched),
        replace(fresh: Map<string, T>): void {
          for (const name of touched) {
            const value = values.get(name)
            if (value === undefined) fresh.delete(name)
            else fresh.set(name, value)
          }
          values = fresh
        },
      }
    },
  }
}

/** The engine says the new name alone. */
function renamed(containers: ReturnType<typeof nameTable<EngineContainer>>, to: EngineEvent): void {
  const known = containers.find(({ id, name }) => id === to.id && name !== to.name)
  if (!known || containers.at(to.name)) return
  containers.set(known.name, undefined)
  containers.set(to.name, { ...known, name: to.name })
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
