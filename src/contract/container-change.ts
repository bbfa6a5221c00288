import { z } from 'zod'
import { Container, ContainerCreate, CONTAINERS, InContainer } from './containers.ts'
import { endpoint, WaitQuery } from './endpoint.ts'
import { change } from './operations.ts'

const { memoryBytes, cpuMilli, cpuShares, pids, healthCheck, firewalls, bandwidth } =
  ContainerCreate.shape

/** What can be changed of a container without making it anew. `null` is the default again (RFC 7396). */
export const ContainerChange = z
  .strictObject({
    memoryBytes: memoryBytes.unwrap().nullable(),
    cpuMilli: cpuMilli.unwrap().nullable(),
    cpuShares: cpuShares.unwrap().nullable(),
    pids: pids.unwrap().nullable(),
    restart: ContainerCreate.shape.restart.unwrap(),
    firewalls: firewalls.unwrap().nullable(),
    bandwidth: bandwidth.unwrap().nullable().describe('As a whole; null: no limit'),
    healthCheck: healthCheck.unwrap().nullable().describe('As a whole; null: the default check'),
  })
  .partial()
  .meta({ id: 'ContainerChange' })
export type ContainerChange = z.infer<typeof ContainerChange>

export const updateContainer = endpoint({
  id: 'containers.update',
  method: 'patch',
  path: `${CONTAINERS}/{container}`,
  conditional: true,
  summary:
    'Change limits, bandwidth, restart policy, health check or firewalls of a container while it runs',
  permission: 'containers:write',
  params: InContainer,
  query: WaitQuery,
  body: ContainerChange,
  kind: 'change',
  status: 202,
  response: change(Container),
  failures: [
    'capacity-exceeded',
    'engine-refused',
    'engine-unavailable',
    'not-found',
    'quota-exceeded',
    'state-conflict',
    'too-many-rules',
  ],
})
