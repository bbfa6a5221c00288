import type { Queries, Store } from '../../db/open.ts'
import type { PersonRow } from '../../db/queries/people.ts'
import type { User, UserChange, UserCreate } from '../contract/users.ts'
import { failure, nameTaken, notFound } from '../core/failure.ts'
import { timeText } from '../core/time-text.ts'
import type { Clock } from '../ports/clock.ts'
import type { AuditService } from './audit.ts'
import type { KeysAsked } from './key-issued.ts'
import { refuseWider } from './key-rules.ts'
import { ownerOf, ownerToBe, type KeyOwner } from './key-view.ts'
import type { PersonSessions } from './person-sessions.ts'

export interface UserDeps {
  readonly store: Store
  readonly clock: Clock
  readonly newId: () => string
  readonly audit: AuditService
  readonly sessions: PersonSessions
}

interface Page {
  readonly limit: number
  readonly cursor?: string | undefined
}

const MOST_OF_OWNER = 10_000

/** Who may sign in with the identity provider, and as what. */
export const userService = (deps: UserDeps) => ({
  ...lists(deps),

  async create(asked: KeysAsked, { email, role }: UserCreate): Promise<User> {
    refuseWider(asked.caller, { role, actions: null })
    return deps.store.write(async (q) => {
      const owner = await ownerToBe(q, asked.tenant)
      const tenantId = owner?.id ?? null
      if (await q.people.byEmail(tenantId, email)) throw nameTaken('user', email)
      const most = { tenantId, limit: MOST_OF_OWNER }
      if ((await q.people.list(most)).length >= MOST_OF_OWNER) throw full(email)
      const row: PersonRow = {
        id: deps.newId(),
        tenantId,
        email,
        displayName: null,
        role,
        source: 'invitation',
        issuer: null,
        subject: null,
        createdAt: deps.clock.now().getTime(),
        disabledAt: null,
        lastSignInAt: null,
      }
      await q.people.insert(row)
      const output = userOf(row, owner)
      await deps.audit.accepted(q, asked.actor, {
        ...entry('create', row, owner),
        status: 201,
        output,
      })
      return output
    })
  },

  async update(asked: KeysAsked, id: string, { role, disabled }: UserChange): Promise<User> {
    if (role !== undefined) refuseWider(asked.caller, { role, actions: null })
    const changed = await deps.store.write(async (q) => {
      const { row, owner } = await found(q, asked.tenant, id)
      const now = deps.clock.now().getTime()
      const disabledAt = disabled === undefined ? row.disabledAt : disabled ? now : null
      const next = { ...row, role: role ?? row.role, disabledAt }
      await q.people.update(id, { role: next.role, disabledAt })
      // What was begun with the old role does not go on with it.
      if (endsSessions(row, next)) await q.people.removeSignInsOf(id)
      await deps.audit.accepted(q, asked.actor, { ...entry('update', row, owner), status: 200 })
      return { row, next, owner }
    })
    if (endsSessions(changed.row, changed.next)) {
      deps.sessions.endPerson(id, 'its person was disabled, or got another role')
    }
    return userOf(changed.next, changed.owner)
  },

  async delete(asked: KeysAsked, id: string): Promise<User> {
    const user = await deps.store.write(async (q) => {
      const { row, owner } = await found(q, asked.tenant, id)
      await q.people.remove(id)
      await deps.audit.accepted(q, asked.actor, { ...entry('delete', row, owner), status: 200 })
      return userOf(row, owner)
    })
    deps.sessions.endPerson(id, 'its person was removed')
    return user
  },
})
const lists = ({ store }: UserDeps) => ({
  async list(tenant: string | null, { limit, cursor }: Page) {
    const owner = await ownerOf(store.read, tenant)
    const page = { tenantId: owner?.id ?? null, afterEmail: cursor, limit }
    const rows = await store.read.people.list(page)
    const last = rows.length === limit ? rows.at(-1) : undefined
    return { items: rows.map((row) => userOf(row, owner)), nextCursor: last?.email ?? null }
  },
})

export type UserService = ReturnType<typeof userService>

async function found(q: Queries, tenant: string | null, id: string) {
  const owner = await ownerOf(q, tenant)
  const row = await q.people.byId(id)
  if (!row || row.tenantId !== (owner?.id ?? null)) throw notFound('user', id)
  return { row, owner }
}

const endsSessions = (row: PersonRow, next: PersonRow): boolean =>
  next.disabledAt !== null || next.role !== row.role

const entry = (verb: string, { email }: PersonRow, owner: KeyOwner) => ({
  action: `${owner === null ? 'platform-users' : 'users'}.${verb}`,
  tenant: owner,
  target: `user/${email}`,
})

const full = (email: string) =>
  failure('state-conflict', `Cannot invite "${email}": there are too many people`, {
    kind: 'user',
    name: email,
    state: 'full',
  })

const userOf = (row: PersonRow, owner: KeyOwner): User => ({
  id: row.id,
  tenant: owner?.slug ?? null,
  email: row.email,
  name: row.displayName,
  role: row.role,
  source: row.source,
  disabled: row.disabledAt !== null,
  createdAt: new Date(row.createdAt).toISOString(),
  lastSignInAt: timeText(row.lastSignInAt),
})
