import { CONTAINER_STATES, type getContainer, listContainers } from '../../contract/containers.ts'
import type { Output } from '../../contract/endpoint.ts'
import { oneOf } from '../choice.ts'
import type { Work } from '../command.ts'
import { allPages } from '../pages.ts'
import type { Cell, Color } from '../table.ts'

type Container = Output<typeof getContainer>

const HEAD = ['NAME', 'IMAGE', 'STATE', 'HEALTH', 'RESTARTS', 'ADDRESS', 'URL']

export const ps: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const state = oneOf(CONTAINER_STATES, given.text('state'), '--state')
  const label = given.text('label')
  const filter = { ...(state && { state }), ...(label !== null && { label }) }
  const list = await allPages((page) =>
    api.call(listContainers, { params: { tenant }, query: { ...filter, ...page } }),
  )
  return context.show(list, () => {
    if (given.has('quiet')) return list.items.map(({ id }) => `${id}\n`).join('')
    return context.table(HEAD, list.items.map(row))
  })
}

function row(container: Container): readonly Cell[] {
  const { name, image, state, health, restarts, addresses, url } = container
  const said = state === 'exited' ? `exited (${container.exitCode ?? '?'})` : state
  return [
    name,
    image,
    { text: said, color: colorOf(state) },
    health === 'none' ? '-' : health,
    String(restarts),
    addresses[0]?.address ?? '-',
    url ?? '-',
  ]
}

function colorOf(state: Container['state']): Color {
  if (state === 'running') return 'green'
  return state === 'failed' || state === 'exited' ? 'red' : 'yellow'
}
