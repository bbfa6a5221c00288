/** A `dockerd` of this machine, as it was started and set. */
export interface EngineDaemon {
  /** The folder in which it keeps everything, which tells several apart. */
  readonly rootDir: string
  /** Whether each published port gets a process of its own on the host. */
  readonly userlandProxy: boolean
}

const USUAL_ROOT = '/var/lib/docker'
const USUAL_CONFIG = '/etc/docker/daemon.json'

/** Where the daemon that was started with these words has its settings. */
export const configFileOf = (argv: readonly string[]): string =>
  flagOf(argv, '--config-file') ?? USUAL_CONFIG

/** `config` is the text of its file, or null where there is none. A flag and a setting never disagree. */
export function daemonOf(argv: readonly string[], config: string | null): EngineDaemon {
  const set = settingsOf(config)
  const root = flagOf(argv, '--data-root') ?? flagOf(argv, '-g') ?? set['data-root']
  const proxy = argv.includes('--userland-proxy')
    ? true
    : (flagOf(argv, '--userland-proxy') ?? set['userland-proxy'])
  return {
    rootDir: typeof root === 'string' ? root : USUAL_ROOT,
    // What Go's flags take for false.
    userlandProxy: !['false', 'f', '0'].includes(String(proxy).toLowerCase()),
  }
}

function flagOf(argv: readonly string[], name: string): string | undefined {
  const at = argv.findIndex((word) => word === name || word.startsWith(`${name}=`))
  const word = argv[at]
  return word === name ? argv[at + 1] : word?.slice(name.length + 1)
}

/** The daemon itself would not have started with a file that is no object. */
function settingsOf(config: string | null): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(config ?? '{}')
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
