import { eq, inArray } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { certificates } from '../schema-certificates.ts'

export type CertificateRow = typeof certificates.$inferSelect

export const certificateQueries = (db: Executor) => ({
  async all(): Promise<CertificateRow[]> {
    return db.select().from(certificates)
  },

  async of(subject: string): Promise<CertificateRow | undefined> {
    const [row] = await db.select().from(certificates).where(eq(certificates.subject, subject))
    return row
  },

  /** In place of the one before. */
  async put(row: CertificateRow): Promise<void> {
    const { subject: target } = certificates
    await db.insert(certificates).values(row).onConflictDoUpdate({ target, set: row })
  },

  /** Unless there is one. */
  async add(row: CertificateRow): Promise<void> {
    await db.insert(certificates).values(row).onConflictDoNothing()
  },

  async remove(subjects: readonly string[]): Promise<void> {
    await db.delete(certificates).where(inArray(certificates.subject, [...subjects]))
  },
})
