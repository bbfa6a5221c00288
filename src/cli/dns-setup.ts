/** Who on this machine answers for names, and passes on those of the platform. */
export const NAME_SERVICES = ['systemd-resolved', 'dnsmasq', 'resolv.conf'] as const
export type NameService = (typeof NAME_SERVICES)[number]

interface SetupWanted {
  /** Where the platform's responder listens for the host. */
  readonly host: string
  readonly port: number
  readonly domains: readonly string[]
}

interface Setup {
  /** Where the lines belong. */
  readonly file: string
  readonly text: string
  /** What makes them count; null: they count at once. */
  readonly command: string | null
  /** Whether the whole file is ours, so that it can be written. */
  readonly isOurs: boolean
}

/** The lines by which a machine asks the platform for the platform's names, and others for all others. */
export const setupOf = (service: NameService, wanted: SetupWanted): Setup => SETUPS[service](wanted)

const SETUPS = {
  // A domain with a tilde is a way for questions alone, and no search list (resolved.conf(5)).
  'systemd-resolved': ({ host, port, domains }) => ({
    file: '/etc/systemd/resolved.conf.d/cloudlet.conf',
    text: `[Resolve]\nDNS=${withPort(host, port)}\nDomains=${domains.map((one) => `~${one}`).join(' ')}\n`,
    command: 'systemctl restart systemd-resolved',
    isOurs: true,
  }),
  dnsmasq: ({ host, port, domains }) => ({
    file: '/etc/dnsmasq.d/cloudlet.conf',
    text: domains
      .map((one) => `server=/${one}/${host}#${port}\nrebind-domain-ok=/${one}/\n`)
      .join(''),
    command: 'systemctl restart dnsmasq',
    isOurs: true,
  }),
  // The file names no ports, and the first server is asked for everything: we pass on the rest.
  'resolv.conf': ({ host, port }) => ({
    file: '/etc/resolv.conf',
    text:
      port === 53 ? `nameserver ${host}\n` : `# No port but 53 can be said here: it is ${port}\n`,
    command: null,
    isOurs: false,
  }),
} satisfies Record<NameService, (wanted: SetupWanted) => Setup>

function withPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
