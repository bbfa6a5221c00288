import type { Options } from './arguments.ts'
import type { Command } from './command.ts'
import { command, part } from './described.ts'

const certificate = part(() => import('./commands/certificate.ts'))

const FILES = {
  chain: {
    type: 'string',
    value: 'file',
    summary: "PEM: the host's own first, then each that has signed the one before",
  },
  key: { type: 'string', value: 'file', summary: 'PEM of its private key, without a passphrase' },
} as const satisfies Options

/** Of certificates that tenants bring. */
export const CERTIFICATE_COMMANDS: readonly Command[] = [
  command('certificate set', '<name>', {
    summary: "Serve hosts of the tenant with a certificate of its own, in place of the platform's",
    options: FILES,
    notes: 'Its names must be hosts of the tenant. The key is sealed, and never shown.',
    work: certificate(({ set }) => set),
  }),
  command('certificate ls', '', {
    summary: 'List the certificates that the tenant has brought',
    work: certificate(({ list }) => list),
  }),
  command('certificate inspect', '<name>', {
    summary: 'Show a certificate that the tenant has brought; never its key',
    work: certificate(({ inspect }) => inspect),
  }),
  command('certificate rm', '<name>', {
    summary: "Delete a certificate; its hosts have the platform's own again",
    work: certificate(({ remove }) => remove),
  }),
]
