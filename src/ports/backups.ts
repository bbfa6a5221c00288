export interface Backup {
  /** Of its file. */
  readonly name: string
  readonly createdAt: Date
  readonly sizeBytes: number
  readonly sha256: string
  /** How many rows each table has. */
  readonly rows: Readonly<Record<string, number>>
}

/** Verified copies of the database. */
export interface Backups {
  /** Makes one while everything goes on, reads it back, and forgets the oldest beyond those that are kept. */
  make(at: Date, signal: AbortSignal): Promise<Backup>
  /** The newest first. */
  list(): Promise<readonly Backup[]>
}
