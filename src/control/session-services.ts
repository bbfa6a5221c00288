import { openIdProvider } from '../adapters/openid-provider.ts'
import { randomId, randomSecret } from '../adapters/system.ts'
import { CALLBACK_PATH } from '../contract/sign-in.ts'
import { groupRoles } from '../core/group-roles.ts'
import type { AuditService } from '../services/audit.ts'
import type { KeyService } from '../services/keys.ts'
import { openStreams } from '../services/open-streams.ts'
import { sessionService } from '../services/sessions.ts'
import { signInService } from '../services/sign-in.ts'
import { userService } from '../services/users.ts'
import { publicOrigin } from './front-door.ts'
import type { Outside } from './outside.ts'
import { tunnelling } from './tunnelling.ts'

/** Who is there at this moment, and how people come in. */
export function sessionServices(outside: Outside, audit: AuditService, keys: KeyService) {
  const { store, clock, keyRing, log, settings } = outside
  const streams = openStreams({ clock, newId: randomId })
  const sessions = keys.people
  const { tunnels, openTunnels } = tunnelling(outside, audit, keys)
  const common = { store, clock, newId: randomId, audit, sessions }
  return {
    streams,
    tunnels,
    openTunnels,
    sessions: sessionService({ ...common, streams, tunnels: openTunnels }),
    users: userService(common),
    signIn: signInService({
      ...common,
      keyRing,
      log,
      newSecret: randomSecret,
      provider: providerOf(outside),
      roles: groupRoles(settings.CLOUDLET_OIDC_ROLES) ?? [],
    }),
  }
}

export function redirectUrlOf(outside: Outside): URL {
  const given = outside.settings.CLOUDLET_OIDC_REDIRECT_URL
  return new URL(given ?? `${publicOrigin(outside)}${CALLBACK_PATH}`)
}

function providerOf(outside: Outside) {
  const { settings } = outside
  const { CLOUDLET_OIDC_ISSUER: issuer, CLOUDLET_OIDC_CLIENT_ID: clientId } = settings
  if (issuer === undefined || clientId === undefined) return null
  return openIdProvider({
    issuer,
    clientId,
    clientSecret: settings.CLOUDLET_OIDC_CLIENT_SECRET ?? null,
    scopes: settings.CLOUDLET_OIDC_SCOPES,
    groupsClaim: settings.CLOUDLET_OIDC_GROUPS_CLAIM,
    redirectUrl: redirectUrlOf(outside).href,
  })
}
