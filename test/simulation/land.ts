import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '../../db/open.ts'
import { onceService } from '../../src/services/once.ts'
import { FakeEdge } from '../fakes/edge.ts'
import { EngineHost, type HostDeps } from '../fakes/engine-host.ts'
import { fakeEngine } from '../fakes/engine.ts'
import { FakeCables } from '../fakes/cables.ts'
import { FakeShaper } from '../fakes/shaper.ts'
import { FakeOutsideNames } from '../fakes/outside-names.ts'
import { FakePaths } from '../fakes/peer-paths.ts'
import { FakeFirewall } from '../fakes/firewall.ts'
import { FakeGroups } from '../fakes/groups.ts'
import { FakeRoutes } from '../fakes/routes.ts'
import { FakeNames } from '../fakes/names.ts'
import { HandTime } from '../fakes/timers.ts'
import { controlPlane, INSTANCE } from '../support/control-plane.ts'
import { freshDatabase, MEMORY, MIGRATIONS } from '../support/fresh-database.ts'
import { mortalEdge, mortalEngine, mortalStore, mortalTimers, type Life } from './mortal.ts'

const PASS_MS = 60_000
/** Answers are kept as they are: here nobody steals a disk. */
const OPEN_RING = {
  current: 1,
  mac: (_rootKey: number, _purpose: string, text: string) => text,
  seal: (_: string, text: string) => text,
  open: (_: string, text: string) => text,
}

/** A migrated database, which every world begins with a copy of. */
export async function template() {
  const folder = mkdtempSync(join(MEMORY, 'cloudlet-simulation-'))
  const path = join(folder, 'template.db')
  await freshDatabase(path)
  let worlds = 0
  return {
    copy(): string {
      const copy = join(folder, `${worlds++}.db`)
      copyFileSync(path, copy)
      return copy
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  }
}

/** A machine, a disk and an edge, and on them control planes, one after the other. */
export async function land(database: string, host: Omit<HostDeps, 'now'>) {
  const time = new HandTime()
  const machine = new EngineHost({ ...host, now: time.now })
  const edge = new FakeEdge()
  let made = 0
  const newId = (): string => String(++made).padStart(16, '0')
  const around = {
    groups: new FakeGroups(),
    firewall: new FakeFirewall(),
    peerPaths: new FakePaths(),
    shaper: new FakeShaper(),
    outsideNames: new FakeOutsideNames(),
    cables: new FakeCables(),
    routes: new FakeRoutes(),
    names: new FakeNames(),
    clock: time,
    newId,
    erased: () => undefined,
  }

  async function lifeFrom(passing: (point: string) => void, log: (line: string) => void) {
    const store = await openStore(`file:${database}`, MIGRATIONS)
    const life: Life = { isOver: false }
    const own = mortalStore(store, life)
    const control = controlPlane({
      ranges: () => [],
      ...around,
      store: own,
      engine: mortalEngine(fakeEngine(machine, INSTANCE), life),
      edge: mortalEdge(edge, life),
      timers: mortalTimers(time, life),
      machine: () => undefined,
      log: (level, message) => level !== 'debug' && log(`log: ${message}`),
      deadlineMs: PASS_MS,
      passing: (point) => {
        if (!life.isOver) passing(point)
        if (life.isOver) throw new Error('The process is dead')
      },
    })
    const once = onceService({ store: own, clock: time, keyRing: OPEN_RING })
    return { life, store, control, once }
  }
  return { time, machine, edge, newId, lifeFrom }
}
export type Land = Awaited<ReturnType<typeof land>>
export type Running = Awaited<ReturnType<Land['lifeFrom']>>

/** Everything that can go on without the clock has gone on: all of it is microtasks. */
export const drained = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
