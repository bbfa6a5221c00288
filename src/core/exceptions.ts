import type { Policy } from './container-shape.ts'

/**
 * What an operator may grant a tenant beyond its policy, and a container of that tenant may then ask
 * for. The set is closed: each stays inside the container's own namespaces and limits, and none opens a
 * way to the host.
 */
const GRANTS = {
  /** Memory that is not swapped out, e.g. of Vault; it is counted like any other. */
  'capability:IPC_LOCK': { capability: 'IPC_LOCK' },
  /** Raw and packet sockets, e.g. of tcpdump; they reach the tenant's own network. */
  'capability:NET_RAW': { capability: 'NET_RAW' },
  /** E.g. of sshd and postfix. */
  'capability:SYS_CHROOT': { capability: 'SYS_CHROOT' },
  /** Debuggers, over users; they see the container's own processes. */
  'capability:SYS_PTRACE': { capability: 'SYS_PTRACE' },
  /** /dev/shm as large as the container's memory, to which it is charged, e.g. of browsers. */
  'large-shm': { largeShm: true },
  /** A root that can be written under the policy `restricted`; it is watched as under `baseline`. */
  'writable-root': { writableRoot: true },
} as const satisfies Record<string, Grant>

interface Grant {
  readonly capability?: string
  readonly largeShm?: true
  readonly writableRoot?: true
}

export type Exception = keyof typeof GRANTS

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys are those of the table above
export const EXCEPTIONS = Object.keys(GRANTS) as [Exception, ...Exception[]]

/** The asked-for that were not granted. */
export const notGranted = (
  granted: readonly Exception[],
  asked: readonly Exception[],
): readonly Exception[] => asked.filter((one) => !granted.includes(one))

/** What a container has by its policy and its exceptions. */
export function allowances(policy: Policy, exceptions: readonly Exception[]) {
  const grants: readonly Grant[] = exceptions.map((one) => GRANTS[one])
  return {
    furtherCapabilities: grants.flatMap(({ capability }) => capability ?? []),
    largeShm: grants.some(({ largeShm }) => largeShm),
    readOnlyRoot: policy === 'restricted' && !grants.some(({ writableRoot }) => writableRoot),
  }
}
