import { eq, inArray } from 'drizzle-orm'
import type { Executor } from '../open.ts'
import { acmeAccounts, publicCertificates } from '../schema-public-certificates.ts'

export type PublicCertificateRow = typeof publicCertificates.$inferSelect

export const publicCertificateQueries = (db: Executor) => ({
  async all(): Promise<PublicCertificateRow[]> {
    return db.select().from(publicCertificates)
  },

  /** In place of what there was of that host. */
  async put(row: PublicCertificateRow): Promise<void> {
    const { host: target } = publicCertificates
    await db.insert(publicCertificates).values(row).onConflictDoUpdate({ target, set: row })
  },

  async remove(hosts: readonly string[]): Promise<void> {
    await db.delete(publicCertificates).where(inArray(publicCertificates.host, [...hosts]))
  },

  /** The sealed key by which that authority knows us. */
  async account(directory: string): Promise<string | undefined> {
    const isIts = eq(acmeAccounts.directory, directory)
    const [row] = await db.select().from(acmeAccounts).where(isIts)
    return row?.sealedKey
  },

  /** Unless there is one. */
  async addAccount(directory: string, sealedKey: string): Promise<void> {
    await db.insert(acmeAccounts).values({ directory, sealedKey }).onConflictDoNothing()
  },
})
