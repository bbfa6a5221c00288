/** A reference that names one image in one registry, with everything Docker would add filled in. */
export interface ImageReference {
  readonly registry: string
  readonly repository: string
  /** null only where a digest says which image is meant. */
  readonly tag: string | null
  readonly digest: string | null
  /** The whole of it: `docker.io/library/nginx:latest`. */
  readonly normalised: string
}

export type ParsedReference =
  | ({ readonly ok: true } & ImageReference)
  | { readonly ok: false; readonly reason: string }

const DEFAULT_REGISTRY = 'docker.io'
const DEFAULT_TAG = 'latest'
/** Registry and repository together (github.com/distribution/reference, NameTotalLengthMax). */
const NAME_LENGTH = 255

const HOST = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*(?::\d{1,5})?$/
const REPOSITORY_PART = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const TAG = /^\w[\w.-]{0,127}$/
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/
const ENGINE_ID = /^(?:sha(?:256|384|512):.*|[0-9a-f]{64})$/

/**
 * Reads `[registry/]repository[:tag][@digest]` as Docker does (github.com/distribution/reference).
 *
 * An image's id is refused, whole or short: it names whatever lies on the engine, another tenant's
 * private image too, and no registry would have checked who asks.
 */
export function imageReference(text: string): ParsedReference {
  if (text.length > NAME_LENGTH * 2) return refusal('it is too long')
  if (ENGINE_ID.test(text)) return refusal('an image is named by its repository, not by its id')

  const at = text.indexOf('@')
  const digest = at < 0 ? null : text.slice(at + 1)
  if (digest !== null && !DIGEST.test(digest)) return refusal('its digest is malformed')

  const [registry, rest] = registryAndRest(at < 0 ? text : text.slice(0, at))
  const colon = rest.indexOf(':')
  const path = colon < 0 ? rest : rest.slice(0, colon)
  const tag = colon < 0 ? null : rest.slice(colon + 1)
  if (tag !== null && !TAG.test(tag)) return refusal('its tag is malformed')
  if (!isHost(registry)) return refusal('its registry is no host name')

  if (path !== path.toLowerCase()) return refusal('its repository has upper-case letters')
  const parts = path.split('/')
  if (!parts.every((part) => REPOSITORY_PART.test(part))) {
    return refusal('its repository is malformed')
  }
  const repository = registry === DEFAULT_REGISTRY && parts.length === 1 ? `library/${path}` : path
  if (registry.length + 1 + repository.length > NAME_LENGTH) return refusal('its name is too long')
  return whole({ registry, repository, tag: tag ?? (digest === null ? DEFAULT_TAG : null), digest })
}

/**
 * The first part is a registry when it looks like a host (a dot, a port) or is `localhost`;
 * otherwise it is the first part of a repository on Docker Hub.
 */
function registryAndRest(name: string): [registry: string, rest: string] {
  const slash = name.indexOf('/')
  const first = name.slice(0, Math.max(slash, 0))
  if (!/[.:]/.test(first) && first !== 'localhost') return [DEFAULT_REGISTRY, name]
  // Host names do not tell cases apart (RFC 9110 §4.2.3), so credentials are found by one spelling.
  const host = first.toLowerCase()
  return [host === 'index.docker.io' ? DEFAULT_REGISTRY : host, name.slice(slash + 1)]
}

function isHost(registry: string): boolean {
  const port = Number(registry.split(':')[1] ?? 1)
  return registry.length <= NAME_LENGTH && HOST.test(registry) && port >= 1 && port <= 65535
}

function whole(parts: Omit<ImageReference, 'normalised'>): ParsedReference {
  const { registry, repository, tag, digest } = parts
  const tagged = tag === null ? '' : `:${tag}`
  const digested = digest === null ? '' : `@${digest}`
  return { ok: true, ...parts, normalised: `${registry}/${repository}${tagged}${digested}` }
}

const refusal = (reason: string): ParsedReference => ({ ok: false, reason })
