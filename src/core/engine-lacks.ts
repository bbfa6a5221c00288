import { numbersOf, olderThan } from './engine-holes.ts'

/** What a version of the engine does less well than it could be done: no hole, and still to be known. */
export interface Lack {
  readonly id: string
  readonly what: string
  readonly todo: string
}

export interface LackFacts {
  readonly version: string
  readonly cgroupVersion: string
}

interface Row extends Lack {
  readonly holds: (facts: LackFacts) => boolean
}

const before =
  (...good: readonly [number, number, number]) =>
  ({ version }: LackFacts): boolean => {
    const numbers = numbersOf(version)
    return numbers !== undefined && olderThan(numbers, good)
  }

const LACKS: readonly Row[] = [
  {
    id: 'direct-access',
    // Docker 28.0 blocks it in the raw table and in DOCKER (release notes of 28.0.0, networking).
    holds: before(28, 0, 0),
    what: 'Hosts of the same local network can send to the addresses of containers: engines before 28.0 let them pass where the firewall forwards',
    todo: 'Update the engine to 28.0 or later, or let the firewall of the host drop what comes for containers from outside',
  },
  {
    id: 'mac',
    // Engines from 25.0 keep the address in the endpoint, and read it in a connection from 29.3 on (API 1.54).
    holds: (facts) => !before(25, 0, 0)(facts) && before(29, 3, 0)(facts),
    what: 'A container that is connected to its network anew gets another hardware address than it is shown with',
    todo: 'Update the engine to 29.3 or later',
  },
  {
    id: 'cgroup-v1',
    holds: (facts) => facts.cgroupVersion === '1' && !before(29, 0, 0)(facts),
    what: 'Cgroups of version 1 are deprecated by engines from 29.0 on, and their support ends (not before May 2029)',
    todo: 'Boot the host with cgroups of version 2 (systemd.unified_cgroup_hierarchy=1)',
  },
]

/** Empty where the version says nothing. */
export const lacksOf = (facts: LackFacts): readonly Lack[] =>
  LACKS.filter(({ holds }) => numbersOf(facts.version) !== undefined && holds(facts)).map(
    ({ id, what, todo }) => ({ id, what, todo }),
  )
