import { INSTANCE_LABEL, labelsOfInstance, platformLabels } from '../core/docker-names.ts'
import { oneAtATime } from '../core/one-at-a-time.ts'
import {
  EngineRefusal,
  type Engine,
  type EngineNetwork,
  type NetworkWanted,
} from '../ports/engine.ts'
import { dateOf, fieldsOf, listOf, textOf, type Fields } from './docker-answers.ts'
import type { Calls } from './docker-calls.ts'
import { dialectOf, type Dialect } from './docker-dialect.ts'

type Networks = Pick<Engine, 'ensureNetwork' | 'ranges' | 'removeNetwork'> & {
  list(signal: AbortSignal): Promise<EngineNetwork[]>
}

const CONFLICT = 409
const GONE = 404
const BRIDGE = 'com.docker.network.bridge.name'

export function dockerNetworks(calls: Calls, instance: string): Networks {
  const inTurn = oneAtATime()

  async function ensure(wanted: NetworkWanted, signal: AbortSignal): Promise<void> {
    const action = `create network "${wanted.name}"`
    const { status } = await calls.ask({
      action,
      method: 'POST',
      path: '/networks/create',
      body: networkBody(instance, wanted, dialectOf(await calls.apiVersion(signal))),
      fine: [CONFLICT],
      signal,
    })
    if (status !== CONFLICT) return

    const there = await calls.ask({ action, method: 'GET', path: at(wanted.name), signal })
    if (isAsWanted(instance, wanted, fieldsOf(there.value))) return
    throw new EngineRefusal(action, CONFLICT, 'another network has that name')
  }

  return {
    // Two at once would be told "pool overlaps" (403) instead of that it is there already.
    ensureNetwork: (wanted, signal) => inTurn(wanted.name, () => ensure(wanted, signal)),

    async removeNetwork(name, signal) {
      const action = `remove network "${name}"`
      await calls.ask({ action, method: 'DELETE', path: at(name), fine: [GONE], signal })
    },

    async ranges(signal) {
      const action = 'list the ranges of networks'
      const { value } = await calls.ask({ action, method: 'GET', path: '/networks', signal })
      return listOf(value)
        .flatMap((found) => listOf(fieldsOf(fieldsOf(found)['IPAM'])['Config']))
        .map((config) => textOf(fieldsOf(config)['Subnet']))
        .filter((range) => range !== '')
    },

    async list(signal) {
      const { value } = await calls.ask({
        action: 'list networks',
        method: 'GET',
        path: '/networks',
        query: { filters: JSON.stringify({ label: [`${INSTANCE_LABEL}=${instance}`] }) },
        signal,
      })
      return listOf(value).flatMap((found) => networkOf(instance, fieldsOf(found)) ?? [])
    },
  }
}

const at = (name: string): string => `/networks/${encodeURIComponent(name)}`

function networkBody(instance: string, wanted: NetworkWanted, { checksDuplicates }: Dialect) {
  const { name, bridge, subnet, gateway, engineRange } = wanted
  return {
    Name: name,
    // Where it is needed, two requests at once would make two networks of one name without it.
    ...(checksDuplicates && { CheckDuplicate: true }),
    Driver: 'bridge',
    Internal: false,
    Attachable: false,
    EnableIPv6: false,
    IPAM: {
      Driver: 'default',
      Config: [{ Subnet: subnet, Gateway: gateway, IPRange: engineRange }],
    },
    Options: {
      [BRIDGE]: bridge,
      'com.docker.network.bridge.enable_icc': 'true',
    },
    Labels: platformLabels(instance, wanted),
  }
}

function isAsWanted(instance: string, wanted: NetworkWanted, found: Fields): boolean {
  const labels = labelsOfInstance(instance, fieldsOf(found['Labels']))
  const [config] = listOf(fieldsOf(found['IPAM'])['Config'])
  return (
    labels?.id === wanted.id &&
    labels.generation === wanted.generation &&
    textOf(fieldsOf(config)['Subnet']) === wanted.subnet &&
    textOf(fieldsOf(found['Options'])[BRIDGE]) === wanted.bridge
  )
}

function networkOf(instance: string, fields: Fields): EngineNetwork | undefined {
  const labels = labelsOfInstance(instance, fieldsOf(fields['Labels']))
  if (!labels) return undefined
  const { tenant, id, generation } = labels
  const createdAt = dateOf(fields['Created'])
  const engineId = textOf(fields['Id'])
  return { tenant, id, generation, engineId, name: textOf(fields['Name']), createdAt }
}
