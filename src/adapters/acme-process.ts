import type {
  Asked,
  Begun,
  Progress,
  PublicAuthority,
  PublicOrder,
} from '../ports/public-authority.ts'
import type { AcmeSettings } from './acme-authority.ts'
import { runProgram } from './host-program.ts'

/** What `src/certify.ts` is asked, on its input: without a step, for the key of an account. */
export interface AcmeOrder {
  readonly acme: AcmeSettings
  readonly account: string
  readonly begin?: Asked
  readonly advance?: PublicOrder
}

const DEADLINE_MS = 10_000

/** ACME in a process that ends with its step: what comes from the world is not read where the keys of all are. */
export function acmeProcess(command: readonly string[], acme: AcmeSettings): PublicAuthority {
  async function ask(order: Omit<AcmeOrder, 'acme'>): Promise<unknown> {
    const signal = AbortSignal.timeout(DEADLINE_MS)
    const script = JSON.stringify({ acme, ...order })
    const { code, said, complained } = await runProgram(command, script, signal)
    if (code !== 0) throw new Error(`Cannot speak with ${acme.directory}: ${complained.trim()}`)
    return JSON.parse(said)
  }

  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- said by our own program alone
    newAccount: async () => (await ask({ account: '' })) as string,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- said by our own program alone
    begin: async (account, begin) => (await ask({ account, begin })) as Begun,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- said by our own program alone
    advance: async (account, advance) => (await ask({ account, advance })) as Progress,
  }
}
