import { and, asc, eq, gt, inArray, isNull, lt, or } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { people, signIns } from '../schema-people.ts'
import { tenants } from '../schema.ts'

export type PersonRow = typeof people.$inferSelect
export type SignInRow = typeof signIns.$inferSelect

/** A person with the slug of their tenant. */
export interface Placed {
  readonly person: PersonRow
  readonly slug: string | null
}
export interface OpenSignIn extends Placed {
  readonly signIn: SignInRow
}

interface PeoplePage {
  /** null: those of the platform. */
  readonly tenantId: string | null
  readonly afterEmail?: string | undefined
  readonly limit: number
}

export const peopleQueries = (db: Executor) => ({
  async byId(id: string): Promise<PersonRow | undefined> {
    const [row] = await db.select().from(people).where(eq(people.id, id))
    return row
  },

  async list({ tenantId, afterEmail, limit }: PeoplePage): Promise<PersonRow[]> {
    return db
      .select()
      .from(people)
      .where(
        and(ownedBy(tenantId), afterEmail === undefined ? undefined : gt(people.email, afterEmail)),
      )
      .orderBy(asc(people.email))
      .limit(limit)
  },

  /** Whoever the provider says it is, and whoever has been invited under that address. */
  async knownAs(who: { issuer: string; subject: string; email: string | null }): Promise<Placed[]> {
    const bound = and(eq(people.issuer, who.issuer), eq(people.subject, who.subject))
    const invited =
      who.email === null ? undefined : and(isNull(people.subject), eq(people.email, who.email))
    return db
      .select({ person: people, slug: tenants.slug })
      .from(people)
      .leftJoin(tenants, eq(people.tenantId, tenants.id))
      .where(and(or(bound, invited), isNull(tenants.deletedAt)))
      .orderBy(asc(people.createdAt), asc(people.id))
  },

  async byEmail(tenantId: string | null, email: string): Promise<PersonRow | undefined> {
    const [row] = await db
      .select()
      .from(people)
      .where(and(ownedBy(tenantId), eq(people.email, email)))
    return row
  },

  async insert(row: PersonRow): Promise<void> {
    await db.insert(people).values(row)
  },

  async update(id: string, change: Partial<PersonRow>): Promise<void> {
    await db.update(people).set(change).where(eq(people.id, id))
  },

  async remove(id: string): Promise<void> {
    await db.delete(signIns).where(eq(signIns.personId, id))
    await db.delete(people).where(eq(people.id, id))
  },

  async removeAllOf(tenantId: string): Promise<void> {
    const own = db.select({ id: people.id }).from(people).where(eq(people.tenantId, tenantId))
    await db.delete(signIns).where(inArray(signIns.personId, own))
    await db.delete(people).where(eq(people.tenantId, tenantId))
  },

  ...signInQueries(db),
})

const signInQueries = (db: Executor) => ({
  /** Every session that may still be used, the oldest first. */
  async allSignIns(): Promise<OpenSignIn[]> {
    return db
      .select({ signIn: signIns, person: people, slug: tenants.slug })
      .from(signIns)
      .innerJoin(people, eq(signIns.personId, people.id))
      .leftJoin(tenants, eq(people.tenantId, tenants.id))
      .where(and(isNull(people.disabledAt), isNull(tenants.deletedAt)))
      .orderBy(asc(signIns.createdAt), asc(signIns.id))
  },

  async signInsOf(personId: string): Promise<SignInRow[]> {
    return db
      .select()
      .from(signIns)
      .where(eq(signIns.personId, personId))
      .orderBy(asc(signIns.createdAt), asc(signIns.id))
  },

  async insertSignIn(row: SignInRow): Promise<void> {
    await db.insert(signIns).values(row)
  },

  async removeSignIn(id: string): Promise<void> {
    await db.delete(signIns).where(eq(signIns.id, id))
  },

  async removeSignInsOf(personId: string): Promise<void> {
    await db.delete(signIns).where(eq(signIns.personId, personId))
  },

  async removeSignInsExpiredBefore(time: number): Promise<void> {
    await db.delete(signIns).where(lt(signIns.expiresAt, time))
  },
})

const ownedBy = (tenantId: string | null) =>
  tenantId === null ? isNull(people.tenantId) : eq(people.tenantId, tenantId)
