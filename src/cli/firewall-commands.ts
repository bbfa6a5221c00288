import type { Options } from './arguments.ts'
import type { Command } from './command.ts'
import { command, part } from './described.ts'
import { TIMEOUT } from './options.ts'

const firewall = part(() => import('./commands/firewall.ts'))

const RULES = {
  label: { type: 'string', multiple: true, value: 'key=value', summary: 'Label' },
  ingress: {
    type: 'string',
    multiple: true,
    value: 'rule',
    summary: 'open, none, or what may come in: tcp:5432@web, udp:53@10.0.0.0/8, icmp',
  },
  egress: {
    type: 'string',
    multiple: true,
    value: 'rule',
    summary: 'open, none, or what may go out, in the same words',
  },
} as const satisfies Options

/** Of security groups. */
export const FIREWALL_COMMANDS: readonly Command[] = [
  command('firewall create', '<name>', {
    summary: 'Create a firewall: rules for the containers that carry it',
    options: RULES,
    notes: 'A direction without a rule is left as it is: open, unless the network says otherwise.',
    work: firewall(({ create }) => create),
  }),
  command('firewall ls', '', {
    summary: 'List firewalls',
    work: firewall(({ list }) => list),
  }),
  command('firewall inspect', '<firewall>', {
    summary: 'Show a firewall and the containers that carry it',
    work: firewall(({ inspect }) => inspect),
  }),
  command('firewall set', '<firewall>', {
    summary: 'Change the rules of a firewall',
    options: RULES,
    notes: 'What is given takes the place of what there was.',
    work: firewall(({ set }) => set),
  }),
  command('firewall attach', '<firewall> <container>', {
    summary: 'Have a container carry a firewall, while it runs',
    options: TIMEOUT,
    work: firewall(({ attach }) => attach),
  }),
  command('firewall detach', '<firewall> <container>', {
    summary: 'Have a container carry a firewall no more',
    options: TIMEOUT,
    work: firewall(({ detach }) => detach),
  }),
  command('firewall rm', '<firewall> [firewall…]', {
    summary: 'Delete firewalls that nobody carries',
    work: firewall(({ remove }) => remove),
  }),
]
