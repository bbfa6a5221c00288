import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { loopbackAddresses } from './resolver-address.ts'

/**
 * Edge processes share a port, and each has a queue of its own. When one ends, the kernel resets what
 * waits in its queue, unless this is set: then another process of the same port gets it (Linux 5.14,
 * Documentation/networking/ip-sysctl.rst, tcp_migrate_req). Without it no hand-over is free of loss: a
 * connection can always come between the last accept and the close.
 */
const SYSCTL = '/proc/sys/net/ipv4/tcp_migrate_req'
/** Lives as long as the setting does: until the next boot. */
const MARK = '/run/cloudlet-tcp-migrate-req'

interface Host {
  readonly sysctl: string
  readonly mark: string
  /** Whether an instance is there; each shows itself by an address on `lo`. */
  readonly hasInstance: () => boolean
}

const THIS_HOST: Host = {
  sysctl: SYSCTL,
  mark: MARK,
  hasInstance: () => loopbackAddresses().some(({ label }) => label.startsWith('lo:cl')),
}

/** To be called when this instance shows itself. A kernel that does not know the setting is left alone. */
export function keepWaitingConnections({ sysctl, mark }: Host = THIS_HOST): void {
  if (!existsSync(sysctl) || readFileSync(sysctl, 'utf8').trim() !== '0') return
  // First the mark: what was set without one would stay for good.
  writeFileSync(mark, '')
  writeFileSync(sysctl, '1\n')
}

/** To be called when this instance no longer shows itself. The last one leaves the host as it was. */
export function leaveWaitingConnections(host: Host = THIS_HOST): void {
  const { sysctl, mark, hasInstance } = host
  if (!existsSync(mark) || hasInstance()) return
  writeFileSync(sysctl, '0\n')
  rmSync(mark, { force: true })
  // One that has come meanwhile may have seen the setting as it was before.
  if (hasInstance()) keepWaitingConnections(host)
}
