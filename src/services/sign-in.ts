import type { Queries, Store } from '../../db/open.ts'
import type { PersonRow, SignInRow } from '../../db/queries/people.ts'
import { SESSION_SECONDS, type LoginQuery, type SignedIn } from '../contract/sign-in.ts'
import type { Actor } from '../core/actor.ts'
import { principalName, type Caller } from '../core/caller.ts'
import { Failure, failure, notFound } from '../core/failure.ts'
import type { GroupRole } from '../core/group-roles.ts'
import type { Log } from '../log.ts'
import type { Clock } from '../ports/clock.ts'
import {
  IdentityAway,
  IdentityRefused,
  type Identity,
  type IdentityProvider,
} from '../ports/identity-provider.ts'
import type { KeyRing } from '../ports/key-ring.ts'
import { admitted, refusedSignIn, type Admitted } from './admission.ts'
import type { AuditService } from './audit.ts'
import type { Begun, PersonSessions } from './person-sessions.ts'
import { signInCodes } from './sign-in-codes.ts'
import { signInStates, type Pending } from './sign-in-states.ts'

export interface SignInDeps {
  readonly store: Store
  readonly clock: Clock
  readonly newId: () => string
  /** 256 random bits as text that fits into an address. */
  readonly newSecret: () => string
  readonly keyRing: Pick<KeyRing, 'current' | 'open' | 'seal'>
  readonly audit: AuditService
  readonly log: Log
  readonly sessions: PersonSessions
  /** null: people do not sign in here. */
  readonly provider: IdentityProvider | null
  readonly roles: readonly GroupRole[]
}

interface Finishing {
  /** The address that the browser came back to. */
  readonly callback: URL
  /** What the browser was given when it began. */
  readonly sealed: string | undefined
  readonly actor: Actor
}

/** Of one person; older ones give way. */
const MOST_SESSIONS = 20
const LONGEST_NAME = 200

/** People sign in with an identity provider, and get a session that is used like a key. */
export function signInService(deps: SignInDeps) {
  const { store, clock, sessions, audit } = deps
  const states = signInStates(deps)
  const codes = signInCodes(deps)

  return {
    /** Where to send the browser, and what it must bring back. */
    async begin(asked: LoginQuery): Promise<{ location: URL; sealed: string }> {
      const provider = providerOf(deps)
      const { pending, sealed } = states.begin(asked)
      return { location: await answering(deps, provider.authorizationUrl(pending)), sealed }
    },

    /** `location`: where a command line waits for the code of its session. */
    async finish(asked: Finishing): Promise<SignedIn & { email: string; location: URL | null }> {
      const pending = states.open(asked.sealed)
      const identity = await answering(deps, providerOf(deps).identityOf(asked.callback, pending))
      const begun = await letIn(deps, asked, { identity, pending })
      sessions.add(begun)
      const expiresAt = new Date(begun.signIn.expiresAt).toISOString()
      const signedIn = { apiKey: await sessions.token(begun.signIn), expiresAt }
      const { email } = begun.person
      return { ...signedIn, email, location: codes.give(pending.commandLine, signedIn) }
    },

    exchange: (asked: { code: string; verifier: string }) => codes.take(asked),

    async logout({ principal, tenant }: Caller, actor: Actor): Promise<{ ended: true }> {
      if (principal.kind !== 'person') throw noSession(principal.id)
      const { email, sessionId } = principal
      const said = { action: 'auth.logout', tenant, target: `user/${email}`, status: 200 }
      await store.write(async (q) => {
        await q.people.removeSignIn(sessionId)
        await audit.accepted(q, actor, { ...said, output: { ended: true } })
      })
      sessions.end(sessionId)
      return { ended: true }
    },

    /** To be awaited before the first request. */
    async load(): Promise<void> {
      for (const { signIn, person, slug } of await store.read.people.allSignIns()) {
        const { tenantId } = person
        const tenant = tenantId === null || slug === null ? null : { id: tenantId, slug }
        sessions.add({ signIn, person, tenant })
      }
    },

    async sweep(): Promise<void> {
      const now = clock.now().getTime()
      await store.write((q) => q.people.removeSignInsExpiredBefore(now))
    },
  }
}
export type SignInService = ReturnType<typeof signInService>

interface Known {
  readonly identity: Identity
  readonly pending: Pending
}

/** Writes person and session in one transaction, or the refusal. */
async function letIn(deps: SignInDeps, { actor }: Finishing, known: Known): Promise<Begun> {
  const { identity, pending } = known
  try {
    return await deps.store.write(async (q) => {
      const asked = { identity, tenant: pending.tenant, roles: deps.roles }
      const { person, tenant } = await written(deps, q, { ...(await admitted(q, asked)), identity })
      const signIn = await opened(deps, q, { person, address: actor.sourceAddress })
      const principal = {
        kind: 'person',
        id: person.id,
        email: person.email,
        sessionId: signIn.id,
      } as const
      const who = { ...actor, name: principalName(principal) }
      const target = `user/${person.email}`
      await deps.audit.accepted(q, who, { action: 'auth.login', tenant, target, status: 200 })
      return { signIn, person, tenant }
    })
  } catch (error) {
    if (error instanceof Failure) await noteRefusal(deps, actor, { identity, code: error.code })
    throw error
  }
}

async function noteRefusal(
  { audit }: SignInDeps,
  actor: Actor,
  { identity, code }: { readonly identity: Identity; readonly code: string },
): Promise<void> {
  const target = `user/${identity.email ?? identity.subject}`
  await audit.refused(actor, {
    action: 'auth.login',
    tenant: null,
    target,
    result: code,
    status: 403,
  })
}

/** The row of who was let in, as it is from now on. */
async function written(
  { clock, newId }: SignInDeps,
  q: Queries,
  { row, tenant, role, identity }: Admitted & { readonly identity: Identity },
) {
  const { issuer, subject } = identity
  const now = clock.now().getTime()
  const displayName = identity.name?.slice(0, LONGEST_NAME) ?? null
  const fresh = { issuer, subject, displayName, role, lastSignInAt: now }
  if (row) {
    const change = { ...fresh, email: await addressNow(q, row, identity) }
    await q.people.update(row.id, change)
    return { person: { ...row, ...change }, tenant }
  }
  const person: PersonRow = {
    ...fresh,
    id: newId(),
    tenantId: tenant?.id ?? null,
    // Nobody without an address is let in by a group.
    email: identity.email ?? '',
    source: 'group',
    createdAt: now,
    disabledAt: null,
  }
  await q.people.insert(person)
  return { person, tenant }
}

/** The address follows the person, unless somebody else has the new one there. */
async function addressNow(q: Queries, row: PersonRow, { email, isEmailVerified }: Identity) {
  if (email === null || !isEmailVerified || email === row.email) return row.email
  return (await q.people.byEmail(row.tenantId, email)) ? row.email : email
}

async function opened(
  { clock, newId, keyRing, sessions }: SignInDeps,
  q: Queries,
  { person, address }: { readonly person: PersonRow; readonly address: string },
): Promise<SignInRow> {
  const older = await q.people.signInsOf(person.id)
  for (const { id } of older.slice(0, Math.max(0, older.length - MOST_SESSIONS + 1))) {
    await q.people.removeSignIn(id)
    q.afterCommit(() => sessions.end(id))
  }
  // Whole seconds, as the token tells them: it and the row are over at the same moment.
  const createdAt = Math.floor(clock.now().getTime() / 1000) * 1000
  const expiresAt = createdAt + SESSION_SECONDS * 1000
  const row = {
    id: newId(),
    personId: person.id,
    rootKey: keyRing.current,
    address,
    createdAt,
    expiresAt,
  }
  await q.people.insertSignIn(row)
  return row
}

function providerOf({ provider }: SignInDeps): IdentityProvider {
  if (provider) return provider
  throw notFound('identity provider', 'CLOUDLET_OIDC_ISSUER')
}

/** The provider's words are for the log: they are a stranger's, and may hold secrets of the flow. */
async function answering<T>({ log }: SignInDeps, asked: Promise<T>): Promise<T> {
  try {
    return await asked
  } catch (error) {
    log('warn', 'Cannot sign a person in', { error })
    if (error instanceof IdentityRefused) {
      throw refusedSignIn('the identity provider did not confirm it; begin anew')
    }
    if (!(error instanceof IdentityAway)) throw error
    const message = 'Cannot sign in: the identity provider does not answer'
    throw failure('sign-in-unavailable', message, { retryAfterSeconds: 10 })
  }
}

const noSession = (id: string) =>
  failure('state-conflict', `Cannot sign out: "${id}" is an access key, which is revoked instead`, {
    kind: 'key',
    name: id,
    state: 'no session',
  })
