import { PLATFORM } from '../../src/core/actor.ts'
import { Failure } from '../../src/core/failure.ts'
import { spec, type Wanted } from '../support/world.ts'
import type { Running } from './land.ts'
import { networkers } from './networkers.ts'
import type { Random } from './random.ts'

export const TENANTS = ['acme', 'beta', 'corp'] as const
export const MOST_CONTAINERS = 4
export type Desired = 'running' | 'stopped' | 'absent'

/** A container as those see it who have asked for it. */
export interface Known {
  readonly tenant: string
  readonly id: string
  /** What it can be meant to be: more than one where an answer was lost, or two asked at once. */
  possible: ReadonlySet<Desired>
  underWay: number
}

/** A request to create, which is repeated with its key until it is answered. */
interface Creation {
  readonly tenant: string
  readonly key: string
  readonly wanted: Wanted
  /** Every body that was answered to it. */
  readonly bodies: Set<string>
  isUnderWay: boolean
}

/** What the clients remember. */
function newBook() {
  return {
    known: new Map<string, Known>(),
    creations: [] as Creation[],
    operations: [] as { readonly tenant: string; readonly id: string }[],
    /** Answers that no client should ever see. */
    broken: [] as string[],
  }
}
type Book = ReturnType<typeof newBook>

export interface ClientDeps {
  readonly random: Random
  readonly say: (line: string) => void
  /** The control plane that lives; undefined between two lives. */
  readonly now: () => Running | undefined
}

const DESIRED = { start: 'running', restart: 'running', stop: 'stopped', delete: 'absent' } as const
type Verb = keyof typeof DESIRED
const VERBS = ['start', 'stop', 'restart', 'delete'] as const satisfies readonly Verb[]

const render = (status: number, output: unknown) => ({
  status,
  headers: {},
  body: JSON.stringify(output),
})

/** A refusal is an answer. Nothing at all is one that was lost. */
export const answering =
  (broken: string[], say: ClientDeps['say']) =>
  async <T>(what: string, work: Promise<T>): Promise<T | undefined> => {
    try {
      const value = await work
      say(`client: ${what}: done`)
      return value
    } catch (error) {
      if (!(error instanceof Failure)) broken.push(`${what} ended with ${String(error)}`)
      say(`client: ${what}: ${error instanceof Failure ? error.code : String(error)}`)
      return undefined
    }
  }

/** What is asked, and what its answer leaves in the book. */
function requests({ known, operations, broken }: Book, say: ClientDeps['say']) {
  const answered = answering(broken, say)
  return {
    async send(creation: Creation, { once, control }: Running): Promise<void> {
      const { tenant, key, wanted, bodies } = creation
      creation.isUnderWay = true
      const asked = {
        scope: tenant,
        key,
        askedBy: 'client',
        request: JSON.stringify(wanted),
        plainDigest: '',
      }
      const work = once.run({ ...asked, isSecret: false, render }, async (claim) => {
        const made = await control.containers.create(tenant, spec(wanted), { ...PLATFORM, claim })
        return render(202, { operation: made.operation, resource: made.resource })
      })
      const answer = await answered(`create ${tenant}/${wanted.name} (${key})`, work)
      creation.isUnderWay = false
      if (!answer) return
      bodies.add(answer.body)
      const { operation, resource }: { operation: { id: string }; resource: { id: string } } =
        JSON.parse(answer.body)
      operations.push({ tenant, id: operation.id })
      if (known.has(resource.id)) return
      const possible = new Set<Desired>(['running'])
      known.set(resource.id, { tenant, id: resource.id, possible, underWay: 0 })
    },

    async change(one: Known, verb: Verb, { control: { containers } }: Running): Promise<void> {
      const { tenant, id } = one
      const asked = { tenant, container: id, actor: PLATFORM }
      one.possible = new Set([...one.possible, DESIRED[verb]])
      one.underWay++
      const work = verb === 'delete' ? containers.delete(asked, true) : containers[verb](asked)
      const done = await answered(`${verb} ${tenant}/${id}`, work)
      one.underWay--
      if (!done) return
      operations.push({ tenant, id: done.operation.id })
      if (one.underWay === 0) one.possible = new Set([DESIRED[verb]])
    },
  }
}

/** Several tenants, who ask for things and remember what they were told. */
export function clients({ random, say, now }: ClientDeps) {
  const book = newBook()
  const { known, creations } = book
  const asking = requests(book, say)
  const { broken, operations } = book
  const answered = answering(broken, say)
  const inNetworks = networkers({ random, operations, answered, tenants: TENANTS })

  function create(running: Running): void {
    const wanted = {
      name: `web-${random.below(6)}`,
      image: random.oneOf(['cloudlet/demo', 'cloudlet/base'] as const) ?? 'cloudlet/demo',
      restart: random.oneOf(['no', 'on-failure', 'always'] as const) ?? 'always',
      minHealthySeconds: random.below(4),
    }
    const creation: Creation = {
      tenant: random.oneOf(TENANTS) ?? 'acme',
      key: `k${creations.length}`,
      wanted,
      bodies: new Set(),
      isUnderWay: false,
    }
    creations.push(creation)
    void asking.send(creation, running)
  }

  return {
    ...book,
    /** Somebody asks for something; whether and when it is answered shows later. */
    ask(): void {
      const running = now()
      if (!running) return
      const one = random.oneOf([...known.values()])
      const kind = random.weighted({ create: 4, change: 5, network: 4, repeat: 2 })
      const repeated = random.oneOf(creations)
      if (kind === 'network') inNetworks.act(one, running)
      else if (kind === 'repeat' && repeated) void asking.send(repeated, running)
      else if (kind === 'create' || !one) create(running)
      else void asking.change(one, random.oneOf(VERBS) ?? 'stop', running)
    },
    /** Whoever waited for an answer of a control plane that died will never have it. */
    cutOff(): void {
      for (const creation of creations) creation.isUnderWay = false
      for (const one of known.values()) one.underWay = 0
    },
    /** Whoever has no answer yet asks again, as a client does. */
    repeatUnanswered(): void {
      const running = now()
      const unanswered = creations.filter(
        ({ bodies, isUnderWay }) => bodies.size === 0 && !isUnderWay,
      )
      if (running) for (const creation of unanswered) void asking.send(creation, running)
    },
    /** What has failed for good is started, as somebody would who looks. */
    async startFailed(): Promise<void> {
      const running = now()
      if (!running) return
      for (const one of known.values()) {
        const shown = await running.control.containers
          .get(one.tenant, one.id)
          .catch(() => undefined)
        if (shown?.state === 'failed' && shown.desired === 'running')
          void asking.change(one, 'start', running)
      }
    },
  }
}
export type Clients = ReturnType<typeof clients>
