import type { PersonRow, SignInRow } from '../../db/queries/people.ts'
import type { KeyRing } from '../ports/key-ring.ts'
import type { Tokens } from '../ports/tokens.ts'
import { invalidToken } from './authentication.ts'
import type { LiveKey, LiveKeys } from './live-keys.ts'

interface Deps {
  readonly keyRing: Pick<KeyRing, 'secretOf'>
  readonly tokens: Tokens
}

export interface Begun {
  readonly signIn: SignInRow
  readonly person: PersonRow
  readonly tenant: { readonly id: string; readonly slug: string } | null
}

const VERSION = 1
/** As an access key's id begins with `ck`. */
const subjectOf = (signInId: string): string => `cs${signInId}`

/** Sessions of people among the keys that can be used: from here on a token is a token. */
export function personSessions({ keyRing, tokens }: Deps, live: LiveKeys) {
  const secretOf = ({ id, rootKey }: SignInRow): string =>
    keyRing.secretOf(rootKey, subjectOf(id), VERSION)

  return {
    add({ signIn, person, tenant }: Begun): void {
      const { id, expiresAt } = signIn
      live.add({
        id: subjectOf(id),
        version: VERSION,
        principal: { kind: 'person', id: person.id, email: person.email, sessionId: id },
        tenant,
        grant: { role: person.role, actions: null },
        reach: null,
        secret: secretOf(signIn),
        expiresAt,
        tokens: new Map([[id, expiresAt]]),
        end: new AbortController(),
      })
    },

    token: (signIn: SignInRow): Promise<string> =>
      tokens.sign(
        {
          accessKeyId: subjectOf(signIn.id),
          version: VERSION,
          jti: signIn.id,
          issuedAt: new Date(signIn.createdAt),
          expiresAt: new Date(signIn.expiresAt),
        },
        secretOf(signIn),
      ),

    end: (signInId: string): void =>
      live.end(subjectOf(signInId), invalidToken('its session was ended')),

    endPerson: (personId: string, why: string): void =>
      live.endWhere(isOf(personId), invalidToken(why)),
  }
}
const isOf =
  (personId: string) =>
  ({ principal }: Pick<LiveKey, 'principal'>): boolean =>
    principal.kind === 'person' && principal.id === personId

export type PersonSessions = ReturnType<typeof personSessions>
