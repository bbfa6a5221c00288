import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Client } from '../../src/client/client.ts'
import type { CallOf } from '../../src/client/request.ts'
import {
  containerLogs,
  createContainer,
  deleteContainer,
  getContainer,
} from '../../src/contract/containers.ts'
import { tenantKeys } from '../../src/contract/keys.ts'
import { createTenant, type TenantCreate } from '../../src/contract/tenants.ts'
import type { Output } from '../../src/contract/endpoint.ts'
import type { Platform } from './platform.ts'
import { until } from './wait.ts'

/** What its users run: the platform's own two images. */
export const BASE = 'cloudlet/base:latest'
export const DEMO_IMAGE = 'cloudlet/demo:latest'

type Container = Output<typeof getContainer>
type Wanted = CallOf<typeof createContainer>['body']

const ENDED_MS = 30_000

export interface Tenant {
  readonly slug: string
  readonly apiKey: string
  readonly api: Client
  /** Makes a container and waits for the end of its creation. */
  run(spec: Wanted): Promise<Container>
  show(nameOrId: string): Promise<Container>
  logs(nameOrId: string, stream?: 'stdout' | 'stderr' | 'all'): Promise<string[]>
  remove(nameOrId: string): Promise<void>
  /** Runs a shell's lines in a container of its own, and answers what they print. */
  shell(lines: string): Promise<string>
}

/** A new tenant of the platform, seen with a key of its own. */
export async function newTenant(
  platform: Platform,
  slug: string,
  limits?: TenantCreate['limits'],
): Promise<Tenant> {
  await platform.api.call(createTenant, { body: { slug, ...(limits && { limits }) } })
  return tenantWithKey(platform, slug)
}

export async function tenantWithKey(platform: Platform, slug: string): Promise<Tenant> {
  const { apiKey } = await platform.api.call(tenantKeys.create, {
    params: { tenant: slug },
    body: { role: 'admin' },
  })
  return tenantOf(platform.clientWith(apiKey), slug, apiKey)
}

function tenantOf(api: Client, slug: string, apiKey: string): Tenant {
  const params = { tenant: slug }
  const at = (container: string) => ({ ...params, container })

  const self: Tenant = {
    slug,
    apiKey,
    api,
    async run(body) {
      const { resource, operation } = await api.call(createContainer, {
        params,
        query: { wait: 60 },
        body,
      })
      assert.equal(operation.state, 'succeeded', JSON.stringify(operation))
      return resource
    },
    show: (name) => api.call(getContainer, { params: at(name) }),
    async logs(name, stream = 'all') {
      const lines: string[] = []
      for await (const { line } of api.stream(containerLogs, {
        params: at(name),
        query: { stream },
      }))
        lines.push(line)
      return lines
    },
    async remove(name) {
      await api.call(deleteContainer, { params: at(name), query: { force: 'true', wait: 60 } })
    },
    async shell(lines) {
      const name = `shell-${randomBytes(4).toString('hex')}`
      const body: Wanted = { name, image: BASE, command: ['sh', '-c', lines], restart: 'no' }
      await api.call(createContainer, { params, body })
      await until(
        `"${lines}" has ended`,
        async () => ENDED.has((await self.show(name)).state),
        ENDED_MS,
      )
      const printed = await self.logs(name)
      await self.remove(name)
      return printed.join('\n')
    },
  }
  return self
}

const ENDED: ReadonlySet<Container['state']> = new Set(['exited', 'failed'])
