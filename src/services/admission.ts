import type { Queries } from '../../db/open.ts'
import type { PersonRow, Placed } from '../../db/queries/people.ts'
import { PLATFORM_PLACE } from '../contract/sign-in.ts'
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
  /** Where they want to, for who belongs to several places: a slug, or `*`. */
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
  const known = await knownIn(q, asked.identity)
  const open = [...invited(known, asked), ...(await byGroup(q, known, asked))]
  const wanted = open.filter(
    ({ tenant }) => asked.tenant === undefined || nameOf(tenant) === asked.tenant,
  )
  const [one, another] = wanted
  if (one && !another) return one
  if (another) {
    const places = wanted.map(({ tenant }) => `"${nameOf(tenant)}"`).join(', ')
    const hint = `"${PLATFORM_PLACE}" is the platform`
    throw refusedSignIn(`say where, with "tenant"; there are ${places} (${hint})`)
  }
  if (email === null || !isEmailVerified) {
    throw refusedSignIn('the identity provider vouches for no e-mail address of yours')
  }
  throw refusedSignIn(`"${email}" is not invited; ask an admin of the tenant`)
}

const nameOf = (tenant: Admitted['tenant']): string => tenant?.slug ?? PLATFORM_PLACE

/**
 * One row for each place: that of the person, and only where there is none an invitation to the address.
 * Else a new address would let in again who is kept out, or be in the way of who is let in.
 */
async function knownIn(q: Queries, identity: Identity): Promise<Placed[]> {
  const { issuer, subject, email, isEmailVerified } = identity
  const all = await q.people.knownAs({ issuer, subject, email: isEmailVerified ? email : null })
  const bound = all.filter(({ person }) => person.subject !== null)
  const places = new Set(bound.map(({ person }) => person.tenantId))
  const invitations = all.filter(
    ({ person }) => person.subject === null && !places.has(person.tenantId),
  )
  return [...bound, ...invitations]
}

function invited(known: readonly Placed[], { identity, roles }: Asked): Admitted[] {
  return known.flatMap(({ person: row, slug }): Admitted[] => {
    const tenant = row.tenantId === null || slug === null ? null : { id: row.tenantId, slug }
    const role = row.source === 'invitation' ? row.role : roleIn(identity, roles, slug)
    return row.disabledAt === null && role ? [{ row, tenant, role }] : []
  })
}

async function byGroup(
  q: Queries,
  known: readonly Placed[],
  { identity, roles }: Asked,
): Promise<Admitted[]> {
  const { email, isEmailVerified } = identity
  if (email === null || !isEmailVerified) return []
  const found: Admitted[] = []
  for (const slug of new Set(roles.map(({ tenant }) => tenant))) {
    const role = roleIn(identity, roles, slug)
    const tenant = slug === null ? null : await q.tenants.bySlug(slug)
    if (!role || tenant === undefined) continue
    const tenantId = tenant?.id ?? null
    // Whoever is known there, or has the address there, has the last word, also when they are kept out.
    if (known.some(({ person }) => person.tenantId === tenantId)) continue
    if (await q.people.byEmail(tenantId, email)) continue
    found.push({ row: undefined, tenant: tenant && { id: tenant.id, slug: tenant.slug }, role })
  }
  return found
}

/** The most that any of the groups gives there. */
function roleIn({ groups }: Identity, roles: readonly GroupRole[], slug: string | null) {
  const given = roles.filter(({ group, tenant }) => tenant === slug && groups.includes(group))
  return ROLE_NAMES.find((role) => given.some((one) => one.role === role))
}
