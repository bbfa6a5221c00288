import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  array,
  assert as holds,
  asyncProperty,
  boolean,
  constantFrom,
  dictionary,
  integer,
  record,
  string,
} from 'fast-check'
import { containerBody } from '../../src/adapters/docker-container-body.ts'
import { dialectOf } from '../../src/adapters/docker-dialect.ts'
import { EXCEPTIONS } from '../../src/core/exceptions.ts'
import type { ContainerWanted } from '../../src/ports/engine.ts'
import { cloudWorld } from '../support/cloud-world.ts'

/** Whatever is asked for, the engine is told these fields and no others. */
const BODY = `
  AttachStderr AttachStdin AttachStdout Cmd Entrypoint Env ExposedPorts Healthcheck HostConfig Hostname
  Image Labels MacAddress NetworkingConfig OpenStdin StopSignal StopTimeout Tty User Volumes WorkingDir`
const HOST_CONFIG = `
  AutoRemove CapAdd CapDrop CgroupParent CgroupnsMode CpuShares Dns DnsOptions DnsSearch Init IpcMode
  LogConfig Memory MemorySwap NanoCpus NetworkMode OomScoreAdj PidsLimit PortBindings Privileged
  PublishAllPorts ReadonlyRootfs RestartPolicy Runtime SecurityOpt ShmSize Tmpfs Ulimits`
const words = (text: string): string[] => text.trim().split(/\s+/)
const CAPABILITIES = new Set(
  words(`CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETGID SETUID
    IPC_LOCK NET_RAW SYS_CHROOT SYS_PTRACE`),
)

/** The fields of an object that are not among the words. */
const beside = (all: string, found: object): string[] =>
  Object.keys(found).filter((one) => !words(all).includes(one))

function assertWalled(wanted: ContainerWanted): void {
  const facts = { instance: 'one', dialect: dialectOf('1.41'), init: true, openFiles: 1024 }
  const body = containerBody(wanted, facts)
  assert.deepEqual(beside(BODY, body), [])
  const { HostConfig: host } = body
  assert.deepEqual(beside(HOST_CONFIG, host), [])

  assert.equal(host.Privileged, false)
  assert.deepEqual(host.CapDrop, ['ALL'])
  assert.deepEqual(
    host.CapAdd.filter((one) => !CAPABILITIES.has(one)),
    [],
  )
  assert.match(host.NetworkMode, /^cl-acme-network-/)
  assert.deepEqual(Object.keys(body.NetworkingConfig.EndpointsConfig), [host.NetworkMode])
  assert.equal(host.SecurityOpt[0], 'no-new-privileges')
  assert.match(host.SecurityOpt[1] ?? '', /^seccomp=\{"defaultAction":"SCMP_ACT_ERRNO"/)
  assert.equal(host.SecurityOpt.length, 2)
  assert.ok(host.Memory > 0 && host.MemorySwap === host.Memory)
  assert.ok(host.NanoCpus > 0 && host.PidsLimit > 0)
  assert.deepEqual(host.RestartPolicy, { Name: 'no', MaximumRetryCount: 0 })
  assert.equal(host.LogConfig.Type, 'json-file')
  assert.deepEqual(body.Volumes, {})
  assert.deepEqual(body.Healthcheck, { Test: ['NONE'] })
  assert.deepEqual(body.Labels['cloudlet.tenant'], 'acme')
  for (const options of Object.values(host.Tmpfs)) {
    assert.match(options, /^rw,nosuid,nodev,(no)?exec,size=[1-9]\d*,mode=1777$/)
  }
  const bindings = Object.values(host.PortBindings).flat()
  assert.ok(bindings.every(({ HostIp, HostPort }) => HostIp === '127.0.0.1' && HostPort === ''))
}

const optional = { requiredKeys: [] }
const word = (unit: string) =>
  string({ minLength: 1, maxLength: 6, unit: constantFrom(...unit.split('')) })
const key = word('abcXYZ_')
const labelKey = word('abcXYZ')
const text = string({ maxLength: 12, unit: constantFrom(...'ab =:,/\\"\'$(){}\u20ac'.split('')) })
const SPEC = record(
  {
    command: array(text, { maxLength: 4 }),
    entrypoint: array(text, { maxLength: 3 }),
    workingDir: constantFrom('/', '/proc/self/root', '/a/../..', '/$(x)'),
    env: dictionary(key, text, { maxKeys: 4 }),
    labels: dictionary(labelKey, text, { maxKeys: 4 }),
    user: constantFrom('1000', '1000:0', '7:7'),
    memoryBytes: integer({ min: 6 * 1024 ** 2, max: 64 * 1024 ** 2 }),
    cpuMilli: integer({ min: 10, max: 100 }),
    cpuShares: integer({ min: 2, max: 100 }),
    pids: integer({ min: 8, max: 100 }),
    ports: constantFrom([], [{ port: 80 }], [{ port: 53, protocol: 'udp' }]),
    stopSignal: constantFrom('SIGINT', 'SIGKILL'),
    stopTimeoutSeconds: integer({ min: 0, max: 300 }),
    policy: constantFrom('baseline', 'restricted'),
    exceptions: constantFrom([], [...EXCEPTIONS], ['writable-root']),
    runtime: constantFrom('default', 'sandboxed'),
    publish: boolean(),
  },
  optional,
)

test('whatever a tenant may ask for, the engine is told the allowed fields and the walls', async () => {
  await using at = await cloudWorld({}, { sandbox: true })
  await at.addTenant('acme')
  const { apiKey: token } = at.admin
  const body = { exceptions: EXCEPTIONS }
  const granted = await at.call('PATCH /v1/tenants/acme', { token, body })
  assert.equal(granted.status, 200)
  let made = 0
  await holds(
    asyncProperty(SPEC, async (spec) => {
      const name = `c${++made}`
      // Without a user of its own the image's is root, which `restricted` refuses.
      const wanted = { name, image: 'cloudlet/base', user: '1000', ...spec }
      const path = '/v1/tenants/acme/containers' as const
      const answer = await at.call(`POST ${path}`, { token, body: wanted })
      assert.equal(answer.status, 202, JSON.stringify(await answer.json()))
      await at.quiet()
      const [container] = at.host.containers.values()
      assert.ok(container, JSON.stringify(wanted))
      assertWalled(container.wanted)
      await at.call(`DELETE ${path}/${name}?force=true`, { token })
      await at.quiet()
    }),
    { numRuns: 25 },
  )
})
