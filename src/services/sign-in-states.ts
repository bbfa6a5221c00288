import type { LoginQuery } from '../contract/sign-in.ts'
import { wrongField } from '../core/failure.ts'
import type { Clock } from '../ports/clock.ts'
import type { SignInCheck } from '../ports/identity-provider.ts'
import type { KeyRing } from '../ports/key-ring.ts'
import { refusedSignIn } from './admission.ts'

export interface CommandLine {
  readonly port: number
  readonly challenge: string
  readonly state: string
}

/** A sign-in between its two requests. */
export interface Pending extends SignInCheck {
  readonly tenant: string | undefined
  readonly commandLine: CommandLine | undefined
  readonly untilMs: number
}

interface StateDeps {
  readonly clock: Clock
  readonly newSecret: () => string
  readonly keyRing: Pick<KeyRing, 'open' | 'seal'>
}

const PENDING_MS = 10 * 60_000
const PURPOSE = 'sign-in'

/**
 * What a sign-in has begun with goes along in a cookie, sealed: so it ends in the browser in which it
 * began, and strangers who begin many cost no memory.
 */
export function signInStates({ clock, newSecret, keyRing }: StateDeps) {
  return {
    begin({ tenant, ...rest }: LoginQuery): { pending: Pending; sealed: string } {
      const pending: Pending = {
        state: newSecret(),
        nonce: newSecret(),
        verifier: newSecret(),
        tenant,
        commandLine: commandLineOf(rest),
        untilMs: clock.now().getTime() + PENDING_MS,
      }
      return { pending, sealed: keyRing.seal(PURPOSE, JSON.stringify(pending)) }
    },

    open(sealed: string | undefined): Pending {
      const pending = sealed === undefined ? undefined : openedBy(keyRing, sealed)
      if (pending && pending.untilMs > clock.now().getTime()) return pending
      throw refusedSignIn('it was begun in another browser, or too long ago; begin anew')
    },
  }
}

function commandLineOf({ port, challenge, state }: Omit<LoginQuery, 'tenant'>) {
  if (port === undefined && challenge === undefined && state === undefined) return undefined
  if (port !== undefined && challenge !== undefined && state !== undefined) {
    return { port, challenge, state }
  }
  throw wrongField('query#', 'port, challenge and state go together')
}

function openedBy(keyRing: Pick<KeyRing, 'open'>, sealed: string): Pending | undefined {
  try {
    // Sealed above, and nothing else opens.
    const pending: Pending = JSON.parse(keyRing.open(PURPOSE, sealed))
    return pending
  } catch {
    // A cookie is a stranger's to write: whatever does not open was not ours.
    return undefined
  }
}
