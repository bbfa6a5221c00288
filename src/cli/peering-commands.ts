import type { Command } from './command.ts'
import { command, part } from './described.ts'

const peering = part(() => import('./commands/peering.ts'))

/** Of networks that reach each other. */
export const PEERING_COMMANDS: readonly Command[] = [
  command('peering create', '<network>', {
    summary: 'Let two networks reach each other, or offer it to another tenant',
    options: {
      with: { type: 'string', value: 'network', summary: 'Another own network' },
      'offer-to': { type: 'string', value: 'tenant', summary: 'Who may accept it in seven days' },
    },
    work: peering(({ create }) => create),
  }),
  command('peering ls', '', {
    summary: 'List peerings, with offers made and received',
    work: peering(({ list }) => list),
  }),
  command('peering inspect', '<peering>', {
    summary: 'Show a peering',
    work: peering(({ inspect }) => inspect),
  }),
  command('peering accept', '<peering> <network>', {
    summary: 'Accept what another tenant has offered, with one of your networks',
    work: peering(({ accept }) => accept),
  }),
  command('peering rm', '<peering>', {
    summary: 'End a peering or an offer, from either side',
    work: peering(({ remove }) => remove),
  }),
]
