import type { SignedIn } from '../contract/sign-in.ts'
import type { Clock } from '../ports/clock.ts'
import { refusedSignIn } from './admission.ts'
import type { CommandLine } from './sign-in-states.ts'

interface CodeDeps {
  readonly clock: Clock
  readonly newSecret: () => string
}

interface Given extends SignedIn {
  readonly challenge: string
  readonly untilMs: number
}

/** A command line that listens takes its code at once. */
const CODE_MS = 60_000
/** Codes that nobody has taken yet; the oldest give way. */
const MOST_CODES = 1000

/**
 * A session that was begun in the browser is handed to a command line by a code, which travels in an
 * address and is of no use without the verifier that the command line has kept (RFC 7636).
 */
export function signInCodes({ clock, newSecret }: CodeDeps) {
  const codes = new Map<string, Given>()
  return {
    give(commandLine: CommandLine | undefined, signedIn: SignedIn): URL | null {
      if (!commandLine) return null
      const { port, challenge, state } = commandLine
      const [oldest] = codes.keys()
      if (codes.size >= MOST_CODES && oldest !== undefined) codes.delete(oldest)
      const code = newSecret()
      codes.set(code, { ...signedIn, challenge, untilMs: clock.now().getTime() + CODE_MS })
      // Never anywhere but on the machine of who asked (RFC 8252 §7.3).
      const location = new URL(`http://127.0.0.1:${port}/`)
      location.search = new URLSearchParams({ code, state }).toString()
      return location
    },

    async take({ code, verifier }: { code: string; verifier: string }): Promise<SignedIn> {
      const given = codes.get(code)
      // Once, whatever comes of it: who guesses verifiers has one guess.
      codes.delete(code)
      const isGood = given !== undefined && given.untilMs > clock.now().getTime()
      if (!isGood || (await challengeOf(verifier)) !== given.challenge) {
        throw refusedSignIn('the code is unknown, used or too old')
      }
      return { apiKey: given.apiKey, expiresAt: given.expiresAt }
    },
  }
}

async function challengeOf(verifier: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  const text = btoa(String.fromCharCode(...new Uint8Array(hash)))
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
