import { Agent } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Platform } from '../test/support/platform.ts'
import { ask, type Asked } from './asking.ts'
import { firstAnswer } from './first-answer.ts'
import { stopwatch, type Laps } from './stopwatch.ts'

const TENANT = 'bench'
const GONE_POLL_MS = 20

export type CloudletStep = 'accepted' | 'first 200'

/** The platform, asked over its API and through its ingress. */
export interface CloudletSide {
  /** Creates one container and asks for it by its name until it answers. */
  run(index: number, signal: AbortSignal): Promise<Laps<CloudletStep>>
  remove(index: number, signal: AbortSignal): Promise<void>
  close(): void
}

export async function cloudletSide(
  { platform, image }: { platform: Platform; image: string },
  signal: AbortSignal,
): Promise<CloudletSide> {
  const agent = new Agent({ keepAlive: true })
  const { hostname: host, port } = new URL(platform.endpoint)
  const at = { host, port: Number(port) }
  const headers = { authorization: `Bearer ${platform.apiKey}` }
  const api = (asked: Pick<Asked, 'method' | 'path' | 'body'>, until: AbortSignal) =>
    ask({ agent, at, headers, ...asked }, until)
  const containers = `/v1/tenants/${TENANT}/containers`

  const tenant = { method: 'POST', path: '/v1/tenants', body: { slug: TENANT } } as const
  accepted(await api(tenant, signal), 'create the tenant')
  return {
    async run(index, within) {
      const name = nameOf(index)
      const laps = stopwatch<CloudletStep>(() => performance.now())
      const body = { name, image }
      accepted(await api({ method: 'POST', path: containers, body }, within), `create "${name}"`)
      laps.lap('accepted')
      const site = `${name}.${TENANT}.localhost`
      await firstAnswer({ ...platform.ingress, name: site }, within)
      laps.lap('first 200')
      return laps
    },
    async remove(index, within) {
      const path = `${containers}/${nameOf(index)}`
      const removal = { method: 'DELETE', path: `${path}?force=true&wait=60` } as const
      accepted(await api(removal, within), `delete "${nameOf(index)}"`)
      while ((await api({ method: 'GET', path }, within)).status !== 404) {
        await pause(GONE_POLL_MS, undefined, { signal: within })
      }
    },
    close: () => agent.destroy(),
  }
}

const nameOf = (index: number): string => `web-${index}`

function accepted({ status, text }: { status: number; text: string }, action: string): void {
  if (status >= 300) throw new Error(`Cannot ${action}: ${status} ${text}`)
}
