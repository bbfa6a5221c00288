import type { Options } from './arguments.ts'
import type { Command } from './command.ts'
import { command, part } from './described.ts'

const route = part(() => import('./commands/route.ts'))
const domain = part(() => import('./commands/domain.ts'))

const PARTS = {
  host: {
    type: 'string',
    multiple: true,
    value: 'host',
    summary: 'Whose requests it takes; again for more',
  },
  path: {
    type: 'string',
    value: 'prefix',
    summary: 'Of these paths and what is below; default: /',
  },
  method: { type: 'string', multiple: true, value: 'method', summary: 'Of this method' },
  header: {
    type: 'string',
    multiple: true,
    value: 'name[=value]',
    summary: 'With this field in the head',
  },
  to: {
    type: 'string',
    multiple: true,
    value: 'app[=weight]',
    summary: 'An app that they go to, of 100 without a weight',
  },
  policy: {
    type: 'string',
    value: 'json',
    summary: 'What is done with them, or @file that says it',
  },
} as const satisfies Options

/** Of routes, and of the domains that they may use. */
export const ROUTE_COMMANDS: readonly Command[] = [
  command('route create', '<route>', {
    summary: 'Create a route: which requests of which hosts go to which apps',
    options: PARTS,
    work: route(({ create }) => create),
  }),
  command('route ls', '', { summary: 'List routes', work: route(({ list }) => list) }),
  command('route inspect', '<route>', {
    summary: 'Show a route',
    work: route(({ inspect }) => inspect),
  }),
  command('route set', '<route>', {
    summary: 'Change a route',
    options: PARTS,
    notes:
      'Hosts, apps and the policy each take the place of what there was; so do --path, --method and --header together.',
    work: route(({ set }) => set),
  }),
  command('route rm', '<route> [route…]', {
    summary: 'Delete routes',
    work: route(({ remove }) => remove),
  }),
  command('domain claim', '<domain>', {
    summary: 'Claim a domain of yours, and show how to prove it',
    options: {
      subdomains: { type: 'boolean', summary: 'With what is below it' },
    },
    work: domain(({ claim }) => claim),
  }),
  command('domain ls', '', { summary: 'List claimed domains', work: domain(({ list }) => list) }),
  command('domain inspect', '<domain>', {
    summary: 'Show a domain and how to prove it',
    work: domain(({ inspect }) => inspect),
  }),
  command('domain verify', '<domain>', {
    summary: 'Have the proof of a domain looked for',
    work: domain(({ verify }) => verify),
  }),
  command('domain rm', '<domain> [domain…]', {
    summary: 'Give up domains that no route uses',
    work: domain(({ remove }) => remove),
  }),
]
