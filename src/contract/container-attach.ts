import { NetworkAttach } from './container-networks.ts'
import { Container, CONTAINERS, InContainer } from './containers.ts'
import { endpoint, WaitQuery } from './endpoint.ts'
import { NameOrId } from './names.ts'
import { change } from './operations.ts'

const CHANGE = {
  conditional: true,
  permission: 'containers:write',
  query: WaitQuery,
  kind: 'change',
  status: 202,
  response: change(Container),
} as const

export const attachNetwork = endpoint({
  ...CHANGE,
  id: 'containers.attach',
  method: 'post',
  path: `${CONTAINERS}/{container}/networks`,
  summary: 'Put a container into a further network, while it runs',
  params: InContainer,
  body: NetworkAttach,
  failures: [
    'address-exhausted',
    'address-taken',
    'engine-refused',
    'engine-unavailable',
    'name-taken',
    'not-found',
    'state-conflict',
  ],
})

export const detachNetwork = endpoint({
  ...CHANGE,
  id: 'containers.detach',
  method: 'delete',
  path: `${CONTAINERS}/{container}/networks/{network}`,
  summary: 'Take a container out of a network, while it runs',
  params: InContainer.extend({ network: NameOrId }),
  failures: ['engine-refused', 'engine-unavailable', 'not-found', 'state-conflict'],
})
