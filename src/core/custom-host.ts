/** A host name outside the platform's own domains under which something of it is called. */
export interface CustomHost {
  /** In lower case, no wildcard. */
  readonly host: string
  /** null: the platform's own. */
  readonly tenantId: string | null
}
