import type { CertificateAuthority, KeyPair } from '../../src/ports/certificate-authority.ts'

const DAY_MS = 24 * 3600_000

/** Makes certificates of words; `issued` are the names of each, in order. */
export class FakeAuthority implements CertificateAuthority {
  readonly issued: (readonly string[])[] = []
  created = 0
  /** Set: the next call fails with it. */
  fails: Error | undefined

  async create(commonName: string, at: number): Promise<KeyPair> {
    this.#mayFail()
    this.created += 1
    return pair(`authority ${commonName}`, at, 3650)
  }

  async issue(
    authority: { readonly chain: string },
    hosts: readonly (readonly string[])[],
    at: number,
  ): Promise<KeyPair[]> {
    this.#mayFail()
    this.issued.push(...hosts)
    return hosts.map((names) => pair(`${names.join(' ')} by ${authority.chain}`, at, 90))
  }

  #mayFail(): void {
    const error = this.fails
    this.fails = undefined
    if (error) throw error
  }
}

const pair = (chain: string, at: number, days: number): KeyPair => ({
  chain,
  key: `key of ${chain}`,
  notBefore: at,
  notAfter: at + days * DAY_MS,
})
