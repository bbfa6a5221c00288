import { getServers } from 'node:dns'
import { Resolver } from 'node:dns/promises'
import { existsSync } from 'node:fs'
import { readFile, stat, statfs } from 'node:fs/promises'
import { release } from 'node:os'
import { gunzipSync } from 'node:zlib'
import type { HostState } from '../core/doctor.ts'
import type { PortState } from '../core/doctor-host.ts'
import { seenProcesses } from './processes.ts'
import type { HostExam } from '../ports/host-exam.ts'

export interface ExamDeps {
  readonly keysFile: string
  /** Who has the ports of the platform now. */
  readonly ports: () => readonly PortState[]
  /** Address and port of the DNS responder, and a name that is its business; null: there is none. */
  readonly responder: { readonly address: string; readonly name: string } | null
}

/** The responder is on this host: it answers at once, or not at all. */
const ANSWER_MS = 1_000
/** A kernel's configuration is a fiftieth of this. */
const CONFIG_BYTES = 16 * 1024 * 1024

export const systemExam = ({ keysFile, ports, responder }: ExamDeps): HostExam => ({
  async look(folders, signal): Promise<HostState> {
    const [
      kernel,
      forwards,
      bridgeCalls,
      migratesListeners,
      inodes,
      responderAnswers,
      keysMode,
      seen,
    ] = await Promise.all([
      kernelFeatures(),
      switchOf('/proc/sys/net/ipv4/ip_forward'),
      switchOf('/proc/sys/net/bridge/bridge-nf-call-iptables'),
      switchOf('/proc/sys/net/ipv4/tcp_migrate_req'),
      Promise.all(folders.map(inodesOf)),
      responder !== null && answers(responder, signal),
      stat(keysFile).then(({ mode }) => mode & 0o7777, unknown),
      seenProcesses(),
    ])
    return {
      kernel,
      forwards,
      bridgeCalls,
      ...seen,
      ports: ports(),
      migratesListeners,
      inodes: inodes.flat(),
      clockDriftMs: Date.now() - (performance.timeOrigin + performance.now()),
      nameServers: getServers(),
      responderAnswers,
      keysMode,
    }
  },
})

const unknown = (): null => null

const switchOf = (path: string): Promise<boolean | null> =>
  readFile(path, 'utf8').then((text) => text.trim() !== '0', unknown)

/** What is loaded counts, whatever the configuration says; what is a module still can be. */
async function kernelFeatures(): Promise<HostState['kernel']> {
  const [config, fileSystems] = await Promise.all([
    kernelConfig(),
    readFile('/proc/filesystems', 'utf8').catch(() => ''),
  ])
  const has = (option: string, isThere: boolean): boolean | null => {
    if (isThere) return true
    return config === null ? null : new RegExp(`^CONFIG_${option}=[my]$`, 'm').test(config)
  }
  return {
    overlay: has('OVERLAY_FS', /\soverlay$/m.test(fileSystems)),
    bridgeNetfilter: has('BRIDGE_NETFILTER', existsSync('/proc/sys/net/bridge')),
    nfTables: has('NF_TABLES', existsSync('/sys/module/nf_tables')),
    loop: has('BLK_DEV_LOOP', existsSync('/dev/loop-control')),
  }
}

async function kernelConfig(): Promise<string | null> {
  const packed = await readFile('/proc/config.gz').catch(unknown)
  if (packed) return gunzipSync(packed, { maxOutputLength: CONFIG_BYTES }).toString('utf8')
  return readFile(`/boot/config-${release()}`, 'utf8').catch(unknown)
}

/** File systems that make room for names as they need it count none. */
async function inodesOf(path: string): Promise<HostState['inodes']> {
  const found = await statfs(path).catch(unknown)
  if (!found || found.files === 0) return []
  const used = (found.files - found.ffree) / found.files
  return [{ path, usedPercent: Math.round(used * 1000) / 10 }]
}

/** That a name is not known is an answer, too. */
const ANSWERED: readonly unknown[] = ['ENODATA', 'ENOTFOUND', 'EREFUSED', 'ESERVFAIL']

async function answers(
  { address, name }: NonNullable<ExamDeps['responder']>,
  signal: AbortSignal,
): Promise<boolean> {
  const resolver = new Resolver({ timeout: ANSWER_MS, tries: 1 })
  const stop = (): void => resolver.cancel()
  signal.addEventListener('abort', stop, { once: true })
  try {
    resolver.setServers([address])
    await resolver.resolve4(name)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && ANSWERED.includes(error.code)
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
