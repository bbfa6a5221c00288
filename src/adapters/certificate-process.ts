import type { CertificateAuthority, KeyPair } from '../ports/certificate-authority.ts'
import { runProgram } from './host-program.ts'

/** What `src/certify.ts` is asked, on its input. */
export type CertificateOrder =
  | { readonly create: string; readonly at: number }
  | {
      readonly authority: { readonly chain: string; readonly key: string }
      readonly hosts: readonly (readonly string[])[]
      readonly at: number
    }

const DEADLINE_MS = 10_000

/**
 * An authority in a process of its own, which ends with its work: what it takes to make a certificate is
 * needed seldom, and is more than all the rest of the control plane may be larger by.
 */
export function certificateProcess(command: readonly string[]): CertificateAuthority {
  async function ask(order: CertificateOrder): Promise<readonly KeyPair[]> {
    const signal = AbortSignal.timeout(DEADLINE_MS)
    const { code, said, complained } = await runProgram(command, JSON.stringify(order), signal)
    if (code !== 0) throw new Error(`Cannot make a certificate: ${complained.trim()}`)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- said by our own program alone
    return JSON.parse(said) as KeyPair[]
  }

  return {
    async create(commonName, at) {
      const [made] = await ask({ create: commonName, at })
      if (made === undefined) throw new Error('Cannot make an authority: nothing was made')
      return made
    },
    issue: ({ chain, key }, hosts, at) => ask({ authority: { chain, key }, hosts, at }),
  }
}
