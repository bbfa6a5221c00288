import type { Command } from './command.ts'
import { command } from './described.ts'
import { FORWARD_OPTIONS } from './options.ts'

/** Commands that reach into a container, or make what is reached known and trusted. */
export const REACH_COMMANDS: readonly Command[] = [
  command('port-forward', '<container> <ports> [ports…]', {
    summary: 'Reach ports of a container from here, published or not',
    options: FORWARD_OPTIONS,
    notes: [
      'Ports are <here>:<there>, e.g. 15432:5432; 5432 is the same on both sides, :5432 any free one.',
      'It goes on until it is interrupted, also while the platform is restarted.',
    ].join('\n'),
    work: async () => (await import('./commands/port-forward.ts')).portForward,
  }),
  command('dns setup', '', {
    summary: 'Print the lines by which this machine asks the platform for its names',
    options: {
      for: {
        type: 'string',
        value: 'service',
        summary: 'Only for systemd-resolved, dnsmasq or resolv.conf',
      },
      apply: { type: 'boolean', summary: 'Write them into the file that they belong in, as root' },
    },
    notes: 'All other names are asked of whoever was asked before.',
    work: async () => (await import('./commands/dns.ts')).setup,
  }),
  command('trust', '', {
    summary: "Print the certificate that makes the apps' TLS trusted, or write it into a file",
    options: { out: { type: 'string', value: 'file', summary: 'Write it there' } },
    notes: [
      'Debian: cloudlet trust --out /usr/local/share/ca-certificates/cloudlet.crt, then',
      'update-ca-certificates. curl takes the file with --cacert. Browsers import it as an authority.',
    ].join('\n'),
    work: async () => (await import('./commands/trust.ts')).trust,
  }),
]
