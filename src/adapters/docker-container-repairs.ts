import { EngineRefusal, type Engine } from '../ports/engine.ts'
import { fieldsOf, textOf } from './docker-answers.ts'
import type { Calls, Question } from './docker-calls.ts'
import { updateBody } from './docker-container-body.ts'
import { containerFields, containerPath } from './docker-containers.ts'
import { dialectOf } from './docker-dialect.ts'

type Repairs = Pick<
  Engine,
  | 'updateContainer'
  | 'unpauseContainer'
  | 'renameContainer'
  | 'connectContainer'
  | 'disconnectContainer'
>

const GONE = 404
const at = (network: string): string => `/networks/${encodeURIComponent(network)}`

/** Changes of what is there already: limits, and what other hands have done. */
export const dockerContainerRepairs = (calls: Calls): Repairs => ({
  ...changes(calls),
  ...endpoints(calls),
})

function changes(calls: Calls): Pick<Repairs, `${'update' | 'unpause' | 'rename'}Container`> {
  return {
    async updateContainer(name, limits, signal) {
      const action = `change container "${name}"`
      const path = `${containerPath(name)}/update`
      await calls.ask({ action, method: 'POST', path, body: updateBody(limits), signal })
    },

    async unpauseContainer(name, signal) {
      const action = `let container "${name}" go on`
      const path = `${containerPath(name)}/unpause`
      await change(calls, { action, path, fine: [GONE], signal }, async () => {
        const fields = await containerFields(calls, name, signal)
        return textOf(fieldsOf(fields?.['State'])['Status']) !== 'paused'
      })
    },

    async renameContainer(engineId, name, signal) {
      const action = `rename a container to "${name}"`
      const path = `${containerPath(engineId)}/rename`
      await change(calls, { action, path, query: { name }, signal }, async () => {
        const there = await containerFields(calls, name, signal)
        return textOf(there?.['Id']) === engineId
      })
    },
  }
}

function endpoints(calls: Calls): Pick<Repairs, `${'connect' | 'disconnect'}Container`> {
  async function isIn(network: string, name: string, signal: AbortSignal): Promise<boolean> {
    const fields = await containerFields(calls, name, signal)
    const { Networks } = fieldsOf(fields?.['NetworkSettings'])
    return Object.hasOwn(fieldsOf(Networks), network)
  }

  return {
    async connectContainer(name, { network, address, mac }, signal) {
      const action = `connect container "${name}"`
      const { connectsWithMac } = dialectOf(await calls.apiVersion(signal))
      const EndpointConfig = {
        IPAMConfig: { IPv4Address: address },
        ...(connectsWithMac && { MacAddress: mac }),
      }
      const body = { Container: name, EndpointConfig }
      const question = { action, path: `${at(network)}/connect`, body, signal }
      await change(calls, question, () => isIn(network, name, signal))
    },

    async disconnectContainer(name, network, signal) {
      const action = `disconnect container "${name}"`
      const body = { Container: name, Force: true }
      const question = { action, path: `${at(network)}/disconnect`, body, signal }
      await change(calls, question, async () => !(await isIn(network, name, signal)))
    },
  }
}

/** The engine refuses what is so already, each call with a status of its own: so it is looked at. */
async function change(
  calls: Calls,
  question: Omit<Question, 'method'>,
  isSo: () => Promise<boolean>,
): Promise<void> {
  try {
    await calls.ask({ ...question, method: 'POST' })
  } catch (error) {
    if (!(error instanceof EngineRefusal) || !(await isSo())) throw error
  }
}
