import type { Options } from './arguments.ts'
import type { Command } from './command.ts'
import { command, part } from './described.ts'
import { CERTIFICATE_COMMANDS } from './certificate-commands.ts'
import { FIREWALL_COMMANDS } from './firewall-commands.ts'
import { TIMEOUT } from './options.ts'
import { PEERING_COMMANDS } from './peering-commands.ts'
import { ROUTE_COMMANDS } from './route-commands.ts'

const network = part(() => import('./commands/network.ts'))

const WALLS = {
  label: { type: 'string', multiple: true, value: 'key=value', summary: 'Label' },
  egress: {
    type: 'string',
    multiple: true,
    value: 'where',
    summary: 'open, none, or where to: tcp:443@203.0.113.0/24, tcp:443@api.example.com',
  },
  ingress: { type: 'boolean', summary: 'Let its containers reach the ingress' },
  within: {
    type: 'string',
    value: 'open|none',
    summary: 'Whether its containers reach each other; none: only as firewalls let them',
  },
  smtp: { type: 'boolean', summary: 'Let mail be sent straight to other servers (operators)' },
} as const satisfies Options

const CREATE_OPTIONS = {
  cidr: { type: 'string', value: 'range', summary: 'Private range from /16 to /29; default: any' },
  zone: { type: 'string', value: 'zone', summary: 'Where it is' },
  ...WALLS,
} as const satisfies Options

const ATTACH_OPTIONS = {
  address: { type: 'string', value: 'address', summary: 'A free one; default: any' },
  alias: { type: 'string', multiple: true, value: 'name', summary: 'Further name in it' },
  ...TIMEOUT,
} as const satisfies Options

/** Of private networks, and of what may pass in and between them. */
export const NETWORK_COMMANDS: readonly Command[] = [
  command('network create', '<name>', {
    summary: 'Create a private network',
    options: CREATE_OPTIONS,
    work: network(({ create }) => create),
  }),
  command('network ls', '', {
    summary: 'List private networks',
    work: network(({ list }) => list),
  }),
  command('network inspect', '<network>', {
    summary: 'Show a network, who is in it, and how much room it has',
    work: network(({ inspect }) => inspect),
  }),
  command('network set', '<network>', {
    summary: 'Change where the containers of a network may go',
    options: WALLS,
    notes: 'What is given takes the place of what there was; --no-ingress closes the ingress.',
    work: network(({ set }) => set),
  }),
  command('network attach', '<network> <container>', {
    summary: 'Put a container into a further network, while it runs',
    options: ATTACH_OPTIONS,
    work: network(({ attach }) => attach),
  }),
  command('network detach', '<network> <container>', {
    summary: 'Take a container out of a network, while it runs',
    options: TIMEOUT,
    work: network(({ detach }) => detach),
  }),
  command('network rm', '<network> [network…]', {
    summary: 'Delete networks that nobody is in',
    work: network(({ remove }) => remove),
  }),
  ...FIREWALL_COMMANDS,
  ...CERTIFICATE_COMMANDS,
  ...PEERING_COMMANDS,
  ...ROUTE_COMMANDS,
]
