import type { DomainProofs } from '../../src/ports/domain-proofs.ts'

/** What the world shows of domains, in memory. */
export class FakeProofs implements DomainProofs {
  readonly records = new Map<string, readonly string[]>()
  /** By host and path. */
  readonly pages = new Map<string, string>()

  texts(name: string): Promise<readonly string[]> {
    return Promise.resolve(this.records.get(name) ?? [])
  }

  page(host: string, path: string): Promise<string | null> {
    return Promise.resolve(this.pages.get(host + path) ?? null)
  }
}
