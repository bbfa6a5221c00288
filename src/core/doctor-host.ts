import type { EngineDaemon } from './engine-daemon.ts'
import { ok, problem, warning, type Finding } from './finding.ts'

/** An address at which the platform listens, and who has its port. */
export interface PortState {
  readonly name: 'api' | 'dns' | 'https' | 'ingress'
  readonly address: string
  /** What an operator sets to have another. */
  readonly setting: string
  readonly holders: readonly PortHolder[]
}

export interface PortHolder {
  readonly pid: number
  readonly command: string
  /** It is a process of this platform. */
  readonly isOurs: boolean
}

/** `isUp`: somebody has to be there, since the platform runs. */
export const portFindings = (ports: readonly PortState[], isUp: boolean): Finding[] =>
  ports.map(({ name, address, setting, holders }) => {
    const check = `port.${name}`
    const strangers = holders.filter(({ isOurs }) => !isOurs)
    if (strangers.length > 0) {
      const who = strangers.slice(0, NAMED).map(({ pid, command }) => `${pid} (${command})`)
      const meaning = `${address} is held by process ${who.join(', ')}`
      return problem(check, meaning, `End that process, or set ${setting} to another address`)
    }
    if (holders.length > 0) return ok(check, `${address} is held by the platform itself`)
    return isUp
      ? problem(check, `Nobody listens at ${address}`, 'See the log of the platform')
      : ok(check, `${address} is free`)
  })
const NAMED = 3

/** Times that the engine tells are held against our own to less than this. */
const MOST_SKEW_MS = 2_000

export function engineClockFinding(skewMs: number | null): Finding {
  const check = 'engine.clock'
  if (skewMs === null) {
    const todo = 'Compare the output of date on both machines'
    return warning(check, 'The engine does not tell what time it has', todo)
  }
  if (Math.abs(skewMs) <= MOST_SKEW_MS) return ok(check, "The engine's clock is ours")
  const seconds = Math.round(Math.abs(skewMs) / 1000)
  const meaning = `The engine's clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} ours: starts and ends are misjudged`
  return warning(check, meaning, 'Keep both clocks right with chrony or systemd-timesyncd')
}

export const clockKeeperFinding = (keepers: readonly string[]): Finding =>
  keepers.length > 0
    ? ok('clock.keeper', `The clock is kept right by ${keepers.join(', ')}`)
    : warning(
        'clock.keeper',
        'No program that keeps the clock right runs here: keys and sessions end by it',
        'Install chrony, or enable systemd-timesyncd, unless the machine around this one sees to it',
      )

export function bridgeCallsFinding(calls: boolean | null): Finding {
  const check = 'kernel.bridge-nf-call-iptables'
  if (calls === true) return ok(check, 'The firewall sees what crosses a bridge')
  const todo =
    'Run modprobe br_netfilter and sysctl -w net.bridge.bridge-nf-call-iptables=1, and keep both over a boot'
  return calls === false
    ? warning(
        check,
        'The firewall does not see what containers of one bridge send each other',
        todo,
      )
    : warning(check, 'It cannot be told whether the firewall sees what crosses a bridge', todo)
}

/** Of the engine that keeps everything in that folder. */
export function userlandProxyFinding(daemons: readonly EngineDaemon[], rootDir: string): Finding {
  const check = 'engine.userland-proxy'
  const daemon = daemons.find((one) => one.rootDir === rootDir)
  const todo = 'Set "userland-proxy": false in /etc/docker/daemon.json and restart the engine'
  if (!daemon) {
    const meaning = 'It cannot be told whether published ports get a process of root on the host'
    return warning(check, meaning, todo)
  }
  return daemon.userlandProxy
    ? warning(
        check,
        'Each published port has a process of root on the host, which takes it past the rules for what is forwarded',
        todo,
      )
    : ok(check, 'Published ports need no process on the host')
}
