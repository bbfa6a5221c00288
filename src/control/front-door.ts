import type { ApiFront } from '../../proxy/core/api-front.ts'
import { httpsOrigin } from '../core/https-origin.ts'
import type { KeyRing } from '../ports/key-ring.ts'
import type { Settings } from '../config.ts'
import { hostPort, type Instance } from '../instance.ts'

interface House {
  readonly instance: Instance
  readonly settings: Pick<Settings, 'CLOUDLET_API_HOST'>
  readonly keyRing: Pick<KeyRing, 'current' | 'mac'>
}

const PURPOSE = 'edge mark'
/** The last so many root keys. */
const ROOTS = 4

/** The API as the ingress serves it; undefined where it has no host name. */
export function apiFrontOf({ instance, settings, keyRing }: House): ApiFront | undefined {
  const host = settings.CLOUDLET_API_HOST
  if (host === undefined) return undefined
  // Of this machine alone: `prepare` has seen to it.
  const { host: address, port } = hostPort(instance.apiAddress)
  return {
    host,
    origin: originOf(host, instance),
    address,
    port,
    mark: keyRing.mac(keyRing.current, PURPOSE, instance.id) ?? '',
  }
}

/**
 * What the ingress may show. Of earlier root keys too: a worker may have its word from a control plane before this
 * one, until it has heard from us.
 */
export function edgeMarks({ instance, settings, keyRing }: House): readonly string[] {
  if (settings.CLOUDLET_API_HOST === undefined) return []
  const { current } = keyRing
  const roots = Array.from({ length: Math.min(current, ROOTS) }, (_, i) => current - i)
  return roots.flatMap((root) => keyRing.mac(root, PURPOSE, instance.id) ?? [])
}

/** Under which the API is called: by its name over TLS if it has one, else where it listens. */
export function publicOrigin({ instance, settings }: Omit<House, 'keyRing'>): string {
  const host = settings.CLOUDLET_API_HOST
  return host === undefined ? `http://${instance.apiAddress}` : originOf(host, instance)
}

const originOf = (host: string, { httpsAddress }: Instance): string =>
  httpsOrigin(host, hostPort(httpsAddress).port)
