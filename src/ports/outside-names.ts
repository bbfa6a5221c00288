/** An address that a name has, and for how long it may be kept. */
export interface NamedAddress {
  readonly address: string
  readonly ttlSeconds: number
}

/** Names of the world, as the host's resolvers know them. */
export interface OutsideNames {
  /** IPv4 addresses of a name; none where there is no such name. Throws where nobody could be asked. */
  resolve(name: string, signal: AbortSignal): Promise<readonly NamedAddress[]>
}
