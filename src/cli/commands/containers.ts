import { updateContainer } from '../../contract/container-change.ts'
import {
  deleteContainer,
  getContainer,
  renameContainer,
  restartContainer,
  startContainer,
  stopContainer,
} from '../../contract/containers.ts'
import type { Output } from '../../contract/endpoint.ts'
import type { Operation } from '../../contract/operations.ts'
import type { Given } from '../arguments.ts'
import type { Work } from '../command.ts'
import type { Context } from '../context.ts'
import { EXIT, usageError, type ExitCode } from '../exit.ts'
import { failureText } from '../failure-text.ts'
import { bandwidthOf, sizesOf } from '../sizes.ts'
import { cpuText, sizeText } from '../units.ts'
import { succeeded, timeoutMs } from '../waiting.ts'

type Container = Output<typeof getContainer>
type Done = { readonly resource: Container; readonly operation: Operation }

export const stop: Work = (context, given) => changeEach(context, given, stopContainer)
export const start: Work = (context, given) => changeEach(context, given, startContainer)
export const restart: Work = (context, given) => changeEach(context, given, restartContainer)

export const remove: Work = (context, given) =>
  each(context, given, async (container) => {
    const [api, tenant] = [await context.api(), await context.tenant()]
    const query = { force: String(given.has('force')) }
    const change = await api.call(deleteContainer, { params: { tenant, container }, query })
    return { ...change, operation: await waited(context, given, change.operation) }
  })

export const rename: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const [container, name] = [given.word(0), given.word(1)]
  const change = await api.call(renameContainer, { params: { tenant, container }, body: { name } })
  const operation = await waited(context, given, change.operation)
  const resource = await api.call(getContainer, {
    params: { tenant, container: change.resource.id },
  })
  return context.show({ resource, operation }, () => `${name}\n`)
}

export const resize: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const bandwidth = bandwidthOf(given)
  const body = { ...sizesOf(given), ...(bandwidth && { bandwidth }) }
  if (Object.keys(body).length === 0) {
    throw usageError(
      'Nothing to change: give --memory, --cpu, --cpu-shares, --pids or --bandwidth-in and -out',
    )
  }
  const params = { tenant, container: given.word(0) }
  const change = await api.call(updateContainer, { params, body })
  const operation = await waited(context, given, change.operation)
  const resource = await api.call(getContainer, {
    params: { tenant, container: change.resource.id },
  })
  const { cpuMilli, memoryBytes, pids } = resource.resources
  const text = `${resource.name} has ${cpuText(cpuMilli)} CPUs, ${sizeText(memoryBytes)}, ${pids} pids\n`
  return context.show({ resource, operation }, () => text)
}

/** Always JSON: it shows everything, which no table can hold. */
export const inspect: Work = async (context, given) => {
  const found: Container[] = []
  const code = await tried(context, given.positionals, async (container) => {
    const [api, tenant] = [await context.api(), await context.tenant()]
    found.push(await api.call(getContainer, { params: { tenant, container } }))
  })
  const one = given.positionals.length === 1 ? found[0] : { items: found }
  if (one !== undefined) await context.print(JSON.stringify(one, null, 2))
  return code
}

type Plain = typeof restartContainer | typeof startContainer | typeof stopContainer

function changeEach(context: Context, given: Given, endpoint: Plain): Promise<ExitCode> {
  return each(context, given, async (container) => {
    const [api, tenant] = [await context.api(), await context.tenant()]
    const change = await api.call<Plain>(endpoint, { params: { tenant, container } })
    const operation = await waited(context, given, change.operation)
    const now = { params: { tenant, container: change.resource.id } }
    return { operation, resource: await api.call(getContainer, now) }
  })
}

/** Does the same to each container, prints the name of each that it worked for. */
async function each(
  context: Context,
  given: Given,
  work: (container: string) => Promise<Done>,
): Promise<ExitCode> {
  const items: Done[] = []
  const code = await tried(context, given.positionals, async (container) => {
    items.push(await work(container))
    if (!context.json) await context.print(container)
  })
  if (context.json) await context.print(JSON.stringify({ items }, null, 2))
  return code
}

/** Goes on after a failure, says each, and ends with the code of the first. Ctrl-C ends it at once. */
async function tried(
  context: Context,
  names: readonly string[],
  work: (name: string) => Promise<void>,
): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok
  for (const name of names) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, so that output keeps the order
      await work(name)
    } catch (error) {
      // The last one's error is the command's own, and so is what ends all of them.
      if (context.world.signal.aborted || names.length === 1) throw error
      const { exitCode, lines } = failureText(error)
      // oxlint-disable-next-line no-await-in-loop -- as above
      await context.note(`cloudlet: ${lines.join('\n')}`)
      if (code === EXIT.ok) code = exitCode
    }
  }
  return code
}

async function waited(context: Context, given: Given, operation: Operation): Promise<Operation> {
  const tenant = await context.tenant()
  return succeeded(context, { tenant, operation, timeoutMs: timeoutMs(given) })
}
