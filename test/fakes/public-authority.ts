import type {
  Asked,
  Begun,
  Progress,
  PublicAuthority,
  PublicOrder,
} from '../../src/ports/public-authority.ts'

/** Issues to whoever asks, in as many looks as are wanted. */
export class FakePublicAuthority implements PublicAuthority {
  readonly asked: Asked[] = []
  /** Answers, the first first; without any it issues. */
  readonly answers: (Progress | Error)[] = []
  accounts = 0
  lifeMs = 90 * 24 * 3600_000

  async newAccount(): Promise<string> {
    this.accounts += 1
    return `key of account ${this.accounts}`
  }

  async begin(account: string, asked: Asked): Promise<Begun> {
    this.asked.push(asked)
    const { host, method, at } = asked
    const untilMs = at + 60_000
    const common = { host, untilMs }
    const challenge =
      method === 'http-01'
        ? ({ kind: 'http-01', token: 'token', answer: account, ...common } as const)
        : ({ kind: 'tls-alpn-01', chain: 'chain', key: 'key', ...common } as const)
    const url = `https://authority/order/${this.asked.length}`
    const order = { host, url, key: `key for ${url}`, challenge, challengeUrl: `${url}/proof` }
    return { kind: 'begun', order }
  }

  async advance(_account: string, { host, url, key }: PublicOrder): Promise<Progress> {
    const next = this.answers.shift()
    if (next instanceof Error) throw next
    if (next !== undefined) return next
    const notBefore = this.asked.at(-1)?.at ?? 0
    const chain = `${host} by ${url}`
    const made = { chain, key, notBefore, notAfter: notBefore + this.lifeMs }
    return { kind: 'issued', made }
  }
}
