import { spawnSync } from 'node:child_process'
import { networkInterfaces } from 'node:os'
import { PrepareError } from './error.ts'

/**
 * Puts the resolver's address on `lo`. Its label says whose it is, so that two instances cannot both
 * think a pool theirs: adding an address that is there fails, and that is the claim.
 */
export function claimResolver(address: string, instanceId: string): void {
  const label = labelOf(instanceId)
  const added = ip(['addr', 'add', `${address}/32`, 'dev', 'lo', 'label', label])
  if (added.ok) return
  const owner = labelOn(address)
  if (owner === label) return
  throw new PrepareError(
    owner === undefined
      ? `Cannot put the resolver's address ${address} on lo: ${added.said}`
      : `The address ${address} of this instance's pool is taken by "${owner}"; stop that instance, or start with another CLOUDLET_DATA_DIR and pool`,
  )
}

/** Takes the address away again; one that is not there is fine. */
export function releaseResolver(address: string, instanceId: string): void {
  if (labelOn(address) === labelOf(instanceId)) ip(['addr', 'del', `${address}/32`, 'dev', 'lo'])
}

/** A label begins with the device's name and has at most 15 characters (ip-address(8)). */
export const labelOf = (instanceId: string): string => `lo:cl${instanceId.slice(0, 8)}`

export interface LocalAddress {
  readonly address: string
  readonly label: string
}

/** The addresses on `lo`. Node names an interface by its label, where an address has one. */
export const loopbackAddresses = (): LocalAddress[] =>
  Object.entries(networkInterfaces()).flatMap(([label, addresses = []]) =>
    label === 'lo' || label.startsWith('lo:')
      ? addresses.map(({ address }) => ({ address, label }))
      : [],
  )

const labelOn = (address: string): string | undefined =>
  loopbackAddresses().find((one) => one.address === address)?.label

function ip(args: readonly string[]): { ok: boolean; said: string } {
  const { status, stderr, error } = spawnSync('ip', args, { encoding: 'utf8', timeout: 5_000 })
  if (error)
    throw new PrepareError(`Cannot run "ip": ${error.message}; install the package iproute2`)
  return { ok: status === 0, said: stderr.trim() }
}
