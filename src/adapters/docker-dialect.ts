import { apiBefore } from '../core/engine-api.ts'

/** In what the versions of the engine's API differ, as far as it is used here. */
export interface Dialect {
  /** Where a container's hardware address is written: from 1.44 on it is the endpoint's, from 1.52 on only there. */
  readonly macIn: 'container' | 'endpoint'
  /** Whether a connection that is made later can be given one; older engines read over it. */
  readonly connectsWithMac: boolean
  /** Whether a container is made in several networks at once. */
  readonly makesInAll: boolean
  /** Whether it can be told by which network the default route goes; older ones go by the networks' names. */
  readonly gatewayPriority: boolean
  /** Whether an engine has to be told to make no second network of a name; from 1.44 on none does. */
  readonly checksDuplicates: boolean
}

export const dialectOf = (apiVersion: string): Dialect => ({
  macIn: apiBefore(apiVersion, '1.44') ? 'container' : 'endpoint',
  connectsWithMac: !apiBefore(apiVersion, '1.54'),
  makesInAll: !apiBefore(apiVersion, '1.44'),
  gatewayPriority: !apiBefore(apiVersion, '1.48'),
  checksDuplicates: apiBefore(apiVersion, '1.44'),
})
