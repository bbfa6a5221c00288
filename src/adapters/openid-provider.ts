import * as client from 'openid-client'
import {
  IdentityAway,
  IdentityRefused,
  type Identity,
  type IdentityProvider,
} from '../ports/identity-provider.ts'

export interface ProviderSettings {
  readonly issuer: string
  readonly clientId: string
  /** null: a public client, held by PKCE alone. */
  readonly clientSecret: string | null
  readonly scopes: string
  readonly groupsClaim: string
  readonly redirectUrl: string
}

const TIMEOUT_SECONDS = 10
const MOST_GROUPS = 1000
/** A status that no provider answers with while it works is among them. */
const AWAY = ['OAUTH_TIMEOUT', 'OAUTH_ABORT', 'OAUTH_RESPONSE_IS_NOT_CONFORM']

/** A provider found by its issuer (OpenID Connect Discovery 1.0), looked up at the first sign-in. */
export function openIdProvider(settings: ProviderSettings): IdentityProvider {
  let found: Promise<client.Configuration> | undefined

  async function configuration(): Promise<client.Configuration> {
    found ??= discovered(settings)
    try {
      return await found
    } catch (error) {
      found = undefined
      throw error
    }
  }

  return {
    async authorizationUrl({ state, nonce, verifier }) {
      const config = await asked(configuration)
      return client.buildAuthorizationUrl(config, {
        redirect_uri: settings.redirectUrl,
        scope: settings.scopes,
        state,
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      })
    },

    identityOf: (callback, { state, nonce, verifier }) =>
      asked(async () => {
        const config = await configuration()
        const tokens = await client.authorizationCodeGrant(config, callback, {
          pkceCodeVerifier: verifier,
          expectedState: state,
          expectedNonce: nonce,
          idTokenExpected: true,
        })
        const claims = tokens.claims()
        if (!claims) throw new IdentityRefused('Cannot sign in: there is no ID token')
        // Many providers leave the address out of the token, and tell it to who asks.
        const isKnown = 'email' in claims || config.serverMetadata().userinfo_endpoint === undefined
        const told = isKnown
          ? {}
          : await client.fetchUserInfo(config, tokens.access_token, claims.sub)
        return identityIn({ ...told, ...claims }, settings.groupsClaim)
      }),
  }
}

function discovered(settings: ProviderSettings): Promise<client.Configuration> {
  const { issuer, clientId, clientSecret } = settings
  const server = new URL(issuer)
  // The setting lets no other host go without TLS.
  const execute = server.protocol === 'http:' ? [client.allowInsecureRequests] : []
  const authentication =
    clientSecret === null ? client.None() : client.ClientSecretBasic(clientSecret)
  const options = { execute, timeout: TIMEOUT_SECONDS }
  return client.discovery(server, clientId, undefined, authentication, options)
}

type Claims = Readonly<Record<string, unknown>> & { readonly iss: string; readonly sub: string }

function identityIn(claims: Claims, groupsClaim: string): Identity {
  const { email, name } = claims
  const groups = claims[groupsClaim]
  return {
    issuer: claims.iss,
    subject: claims.sub,
    email: typeof email === 'string' ? email.toLowerCase() : null,
    isEmailVerified: claims['email_verified'] === true,
    name: typeof name === 'string' ? name : null,
    groups: Array.isArray(groups)
      ? groups.slice(0, MOST_GROUPS).filter((group) => typeof group === 'string')
      : [],
  }
}

/** Tells a provider that says no from one that does not answer. */
async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof IdentityRefused) throw cause
    if (cause instanceof client.AuthorizationResponseError || cause instanceof client.ClientError) {
      if (!isAway(cause)) {
        throw new IdentityRefused('Cannot sign in: the provider’s answer does not hold', { cause })
      }
    }
    if (cause instanceof client.ResponseBodyError) {
      throw new IdentityRefused('Cannot sign in: the provider refuses', { cause })
    }
    throw new IdentityAway('Cannot sign in: the provider does not answer', { cause })
  }
}

/** What never came to an answer that could be judged. */
const isAway = (error: Error): boolean =>
  !('code' in error) || error.code === undefined || AWAY.some((code) => code === error.code)
