import type { Queries } from '../../db/open.ts'
import type { PersonRow } from '../../db/queries/people.ts'
import { failure } from '../core/failure.ts'
import type { GroupRole } from '../core/group-roles.ts'
import { ROLE_NAMES, type Role } from '../core/permissions.ts'
import type { Identity } from '../ports/identity-provider.ts'

export interface Admitted {
  /** Undefined: the person is not known yet, and let in by a group. */
  readonly row: PersonRow | undefined
  readonly tenant: { readonly id: string; readonly slug: string } | null
  readonly role: Role
}

interface Asked {
  readonly identity: Identity
  /** Where they want to, for who belongs to several tenants. */
  readonly tenant: string | undefined
  readonly roles: readonly GroupRole[]
}

export const refusedSignIn = (reason: string) =>
  failure('sign-in-refused', `Cannot sign in: ${reason}`, { reason })

/**
 * As what somebody is let in. An invitation is for whoever has its address verified, once; from then on
 * it is theirs by the provider's own word for them, so that an address which passes to another does not
 * take the role along. A group lets in for as long as the provider says so.
 */
export async function admitted(q: Queries, asked: Asked): Promise<Admitted> {
  const { email, isEmailVerified } = asked.identity
  const open = [...(await invited(q, asked)), ...(await byGroup(q, asked))]
  const wanted = open.filter(
    ({ tenant }) => asked.tenant === undefined || tenant?.slug === asked.tenant,
  )
  const [one, another] = wanted
  if (one && !another) return one
  if (another) {
    const places = wanted.map(({ tenant }) => tenant?.slug ?? 'the platform').join(', ')
    throw refusedSignIn(`say where, with "tenant"; there are ${places}`)
  }
  if (email === null || !isEmailVerified) {
    throw refusedSignIn('the identity provider vouches for no e-mail address of yours')
  }
  throw refusedSignIn(`"${email}" is not invited; ask an admin of the tenant`)
}

async function invited(q: Queries, { identity, roles }: Asked): Promise<Admitted[]> {
  const { issuer, subject, email, isEmailVerified } = identity
  const known = await q.people.knownAs({ issuer, subject, email: isEmailVerified ? email : null })
  return known.flatMap(({ person: row, slug }): Admitted[] => {
    const tenant = row.tenantId === null || slug === null ? null : { id: row.tenantId, slug }
    const role = row.source === 'invitation' ? row.role : roleIn(identity, roles, slug)
    return row.disabledAt === null && role ? [{ row, tenant, role }] : []
  })
}

async function byGroup(q: Queries, { identity, roles }: Asked): Promise<Admitted[]> {
  const { email, isEmailVerified } = identity
  if (email === null || !isEmailVerified) return []
  const found: Admitted[] = []
  for (const slug of new Set(roles.map(({ tenant }) => tenant))) {
    const role = roleIn(identity, roles, slug)
    const tenant = slug === null ? null : await q.tenants.bySlug(slug)
    if (!role || tenant === undefined) continue
    // Whoever has the address there has the last word on it, also when they are kept out.
    if (await q.people.byEmail(tenant?.id ?? null, email)) continue
    found.push({ row: undefined, tenant: tenant && { id: tenant.id, slug: tenant.slug }, role })
  }
  return found
}

/** The most that any of the groups gives there. */
function roleIn({ groups }: Identity, roles: readonly GroupRole[], slug: string | null) {
  const given = roles.filter(({ group, tenant }) => tenant === slug && groups.includes(group))
  return ROLE_NAMES.find((role) => given.some((one) => one.role === role))
}
