import { ApiError } from '../../client/api-error.ts'
import type { CallOf } from '../../client/request.ts'
import { createContainer, getContainer, POLICIES, STOP_SIGNALS } from '../../contract/containers.ts'
import type { Given } from '../arguments.ts'
import { oneOf, pairsOf } from '../choice.ts'
import type { Work } from '../command.ts'
import type { Context } from '../context.ts'
import { usageError } from '../exit.ts'
import { bandwidthOf, sizesOf } from '../sizes.ts'
import { secondsOf } from '../units.ts'
import { succeeded, timeoutMs } from '../waiting.ts'

type Spec = CallOf<typeof createContainer>['body']

export const runContainer: Work = async (context, given) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const change = await created(context, given, tenant)
  const { id, name } = change.resource
  if (given.has('detach')) {
    const follow = `Follow it: cloudlet ops wait ${change.operation.id}`
    if (!context.json) await context.note(follow)
    return context.show(change, () => `${id}\n`)
  }
  const operation = await succeeded(context, {
    tenant,
    operation: change.operation,
    timeoutMs: timeoutMs(given),
  })
  const resource = await api.call(getContainer, { params: { tenant, container: id } })
  const published = resource.endpoints.map(
    ({ port, protocol, address }) => `port ${port}/${protocol}: ${address}`,
  )
  const lines = [`${name} (${id}) is ${resource.state}`, resource.url ?? '', ...published]
  return context.show({ resource, operation }, () =>
    lines.map((line) => (line === '' ? '' : `${line}\n`)).join(''),
  )
}

/** How often a made-up name is changed when it is taken. */
const NAME_TRIES = 5

/** A name that the user gave is refused when it is taken; a made-up one is made up anew. */
async function created(context: Context, given: Given, tenant: string) {
  const api = await context.api()
  const spec = specOf(given)
  const named = given.text('name')
  const base = nameOf(given.word(0))
  for (let tries = 1; ; tries++) {
    const name = named ?? (tries === 1 ? base : `${base}-${context.world.newId().slice(0, 4)}`)
    try {
      // oxlint-disable-next-line no-await-in-loop -- another name only after this one is refused
      return await api.call(createContainer, { params: { tenant }, body: { ...spec, name } })
    } catch (error) {
      const isTaken = error instanceof ApiError && error.code === 'name-taken'
      if (!isTaken || named !== null || tries === NAME_TRIES) throw error
    }
  }
}

/** `registry:5000/team/Hello_World:1.2` is a container `hello-world`. */
function nameOf(image: string): string {
  const last = image.split('@')[0]?.split('/').at(-1)?.split(':')[0] ?? ''
  const plain = last.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  const name = plain.replaceAll(/^[^a-z]+|-+$/g, '').slice(0, 58)
  return name === '' ? 'container' : name
}

function specOf(given: Given): Omit<Spec, 'name'> {
  const [image = '', ...command] = given.positionals
  const labels = given.list('label')
  const env = given.list('env')
  const ports = given.list('port').map(portOf)
  const appAt = ports.findIndex(({ protocol }) => protocol === 'tcp')
  return present({
    image,
    command: command.length === 0 ? null : command,
    env: env.length === 0 ? null : pairsOf(env, '--env'),
    secrets: secretsOf(given),
    networks: networksOf(given),
    firewalls: firewallsOf(given),
    labels: labels.length === 0 ? null : pairsOf(labels, '--label'),
    ports: ports.length === 0 ? null : ports.map((port, at) => ({ ...port, app: at === appAt })),
    ...sizesOf(given),
    bandwidth: bandwidthOf(given) ?? null,
    entrypoint: optional(given, 'entrypoint', (text) => [text]),
    user: given.text('user'),
    workingDir: given.text('workdir'),
    restart: oneOf(['no', 'on-failure', 'always'], given.text('restart'), '--restart'),
    policy: oneOf(POLICIES, given.text('policy'), '--policy'),
    healthCheck: optional(given, 'health', healthOf),
    stopSignal: oneOf(STOP_SIGNALS, given.text('stop-signal'), '--stop-signal'),
    stopTimeoutSeconds: optional(given, 'stop-timeout', secondsOf),
    publish: given.switched('publish'),
    start: given.switched('start'),
  })
}

type Present<T> = { [K in keyof T as null extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as null extends T[K] ? K : never]?: Exclude<T[K], null>
}

/** Without what was not given: the platform knows the defaults. */
function present<T extends object>(fields: T): Present<T> {
  const kept = Object.entries(fields).filter(([, value]) => value !== null)
  // oxlint-disable-next-line no-unsafe-type-assertion -- exactly the null members have been left out
  return Object.fromEntries(kept) as Present<T>
}

function optional<T>(given: Given, option: string, read: (text: string, option: string) => T) {
  const text = given.text(option)
  return text === null ? null : read(text, `--${option}`)
}

/** `back`, `back=10.20.0.7`; the first is that of the default route. */
function networksOf(given: Given): Spec['networks'] | null {
  const all = given.list('network').map((text) => {
    const [name = '', address] = text.split('=')
    return { name, ...(address !== undefined && { address }) }
  })
  return all.length === 0 ? null : all
}

function firewallsOf(given: Given): Spec['firewalls'] | null {
  const all = given.list('firewall')
  return all.length === 0 ? null : [...all]
}

/** `db-password`, `db-password@3`, `db-password:db/password`; as a variable `DB=db-password@3`. */
function secretsOf(given: Given): Spec['secrets'] | null {
  const files = given.list('secret').map((text) => {
    const [, name, version, file] = /^([a-z0-9-]+)(?:@(\d{1,9}))?(?::(.+))?$/.exec(text) ?? []
    if (name === undefined) throw wrongSecret('--secret', text, 'db-password@2:db/password')
    return { name, ...versionOf(version), ...(file === undefined ? {} : { file }) }
  })
  const variables = given.list('secret-env').map((text) => {
    const [, env, name, version] = /^(\w+)=([a-z0-9-]+)(?:@(\d{1,9}))?$/.exec(text) ?? []
    if (name === undefined) throw wrongSecret('--secret-env', text, 'DB_PASSWORD=db-password')
    return { name, ...versionOf(version), ...(env === undefined ? {} : { env }) }
  })
  const all = [...files, ...variables]
  return all.length === 0 ? null : all
}

const versionOf = (text: string | undefined) =>
  text === undefined ? {} : { version: Number(text) }

const wrongSecret = (option: string, text: string, example: string) =>
  usageError(`Cannot understand ${option} "${text}": it is like ${example}`)

interface GivenPort {
  readonly port: number
  readonly protocol: 'tcp' | 'udp'
  readonly http2?: true
}

function portOf(text: string): GivenPort {
  const [, port, kind = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp|h2c))?$/.exec(text) ?? []
  if (port !== undefined) {
    const protocol = kind === 'udp' ? 'udp' : 'tcp'
    return { port: Number(port), protocol, ...(kind === 'h2c' && { http2: true }) }
  }
  const hint = text.includes(':')
    ? 'Ports are not mapped: name the one inside, and add --publish for one on 127.0.0.1'
    : null
  throw usageError(`Cannot understand --port "${text}": it is like 8080, 53/udp or 50051/h2c`, hint)
}

/** `http:/healthz`, `http:8080/healthz`, `tcp`, `tcp:5432`, `none`. */
function healthOf(text: string): NonNullable<Spec['healthCheck']> {
  const [, kind, port, path] = /^(http|tcp|none)(?::(\d{1,5})?(\/\S*)?)?$/.exec(text) ?? []
  const onPort = port === undefined ? {} : { port: Number(port) }
  if (kind === 'http') return { type: 'http', ...onPort, ...(path === undefined ? {} : { path }) }
  if (kind === 'tcp' && path === undefined) return { type: 'tcp', ...onPort }
  if (kind === 'none' && port === undefined && path === undefined) return { type: 'none' }
  const message = `Cannot understand --health "${text}"`
  throw usageError(message, 'It is like http:/healthz, http:8080/healthz, tcp, tcp:5432 or none')
}
