import type { Command } from './command.ts'
import { command } from './described.ts'
import { FORWARD_OPTIONS } from './options.ts'

/** Commands that reach into a container, or make what is reached trusted. */
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
