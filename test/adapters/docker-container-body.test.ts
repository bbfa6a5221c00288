import assert from 'node:assert/strict'
import { test } from 'node:test'
import { containerBody } from '../../src/adapters/docker-container-body.ts'
import { dialectOf } from '../../src/adapters/docker-dialect.ts'
import { SECCOMP_OPTION } from '../../src/adapters/seccomp.ts'
import type { ContainerWanted } from '../../src/ports/engine.ts'

const WANTED: ContainerWanted = {
  name: 'cl-demo-container-a',
  tenant: 'demo',
  id: 'a',
  generation: 3,
  spec: '1-0123',
  hostname: 'hello',
  imageId: 'sha256:1',
  env: { PORT: '80', EMPTY: '' },
  labels: { app: 'x', 'cloudlet.tenant': 'victim' },
  network: 'cl-demo-network-n',
  address: '10.208.1.5',
  mac: '02:42:0a:d0:01:05',
  resolver: '10.208.0.53',
  searchDomain: 'demo.internal',
  memoryBytes: 256,
  cpuMilli: 250,
  cpuShares: 256,
  pids: 64,
  readOnlyRoot: true,
  capabilities: ['CHOWN'],
  tmpfs: [{ path: '/tmp', sizeBytes: 5, executable: true }],
  stopTimeoutSeconds: 7,
  ports: [
    { port: 80, protocol: 'tcp' },
    { port: 53, protocol: 'udp' },
  ],
  publish: false,
}
const FACTS = { instance: 'one', dialect: dialectOf('1.41'), init: true, openFiles: 1024 }

test('containerBody() is this object and nothing more', () => {
  assert.deepEqual(containerBody(WANTED, FACTS), {
    Hostname: 'hello',
    Image: 'sha256:1',
    Env: ['PORT=80', 'EMPTY='],
    StopTimeout: 7,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    OpenStdin: false,
    Tty: false,
    Healthcheck: { Test: ['NONE'] },
    ExposedPorts: { '80/tcp': {}, '53/udp': {} },
    Volumes: {},
    Labels: {
      app: 'x',
      'cloudlet.instance': 'one',
      'cloudlet.tenant': 'demo',
      'cloudlet.id': 'a',
      'cloudlet.generation': '3',
      'cloudlet.spec': '1-0123',
    },
    MacAddress: '02:42:0a:d0:01:05',
    HostConfig: {
      AutoRemove: false,
      RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
      NetworkMode: 'cl-demo-network-n',
      Privileged: false,
      CapDrop: ['ALL'],
      CapAdd: ['CHOWN'],
      SecurityOpt: ['no-new-privileges', SECCOMP_OPTION],
      IpcMode: 'private',
      CgroupnsMode: 'private',
      ReadonlyRootfs: true,
      Init: true,
      Memory: 256,
      MemorySwap: 256,
      NanoCpus: 250_000_000,
      CpuShares: 256,
      PidsLimit: 64,
      OomScoreAdj: 500,
      ShmSize: 67_108_864,
      Tmpfs: {
        '/tmp': 'rw,nosuid,nodev,exec,size=5,mode=1777',
        '/run': 'rw,nosuid,nodev,noexec,size=16777216,mode=1777',
      },
      Ulimits: [
        { Name: 'nofile', Soft: 1024, Hard: 1024 },
        { Name: 'core', Soft: 0, Hard: 0 },
      ],
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10485760', 'max-file': '3' } },
      Dns: ['10.208.0.53'],
      DnsSearch: ['demo.internal'],
      DnsOptions: ['ndots:1'],
      PublishAllPorts: false,
      PortBindings: {},
    },
    NetworkingConfig: {
      EndpointsConfig: {
        'cl-demo-network-n': { IPAMConfig: { IPv4Address: '10.208.1.5' } },
      },
    },
  })
})

test('containerBody() binds the folder of secrets, read-only, and nothing else of the host', () => {
  const { Mounts } = containerBody({ ...WANTED, secretsFolder: '/run/s' }, FACTS).HostConfig
  assert.deepEqual(Mounts, [
    {
      Type: 'bind',
      Source: '/run/s',
      Target: '/run/secrets',
      ReadOnly: true,
      BindOptions: { Propagation: 'rprivate' },
    },
  ])
  assert.equal('Mounts' in containerBody(WANTED, FACTS).HostConfig, false)
})

test('containerBody() lets nothing through that the port does not name', () => {
  const hostile = {
    ...WANTED,
    Privileged: true,
    HostConfig: { Binds: ['/:/host'], Privileged: true, NetworkMode: 'host' },
    Binds: ['/:/host'],
    devices: ['/dev/vda'],
  }
  assert.deepEqual(containerBody(hostile, FACTS), containerBody(WANTED, FACTS))
})

test('containerBody() names what was asked for only when it was', () => {
  const asked = {
    ...WANTED,
    command: ['a'],
    entrypoint: [],
    workingDir: '/w',
    user: '1:1',
    stopSignal: 'SIGINT',
    resolver: null,
    publish: true,
  }
  const { HostConfig, ...body } = containerBody(asked, FACTS)
  const { Cmd, Entrypoint, WorkingDir, User, StopSignal } = body
  assert.deepEqual(
    [Cmd, Entrypoint, WorkingDir, User, StopSignal],
    [['a'], [''], '/w', '1:1', 'SIGINT'],
  )
  assert.equal('Dns' in HostConfig, false)
  const local = [{ HostIp: '127.0.0.1', HostPort: '' }]
  assert.deepEqual(HostConfig.PortBindings, { '80/tcp': local, '53/udp': local })
})

test('containerBody() gives the MAC to the endpoint from API 1.44 on', () => {
  const body = containerBody(WANTED, { ...FACTS, dialect: dialectOf('1.44') })
  assert.equal('MacAddress' in body, false)
  assert.deepEqual(body.NetworkingConfig.EndpointsConfig[WANTED.network], {
    IPAMConfig: { IPv4Address: WANTED.address },
    MacAddress: WANTED.mac,
  })
})

test('containerBody() names further networks where the engine makes a container in several', () => {
  const further = [
    { network: 'cl-demo-network-m', address: '10.209.1.5', mac: '02:42:0a:d1:01:05' },
  ]
  const endpointsAt = (version: string) =>
    containerBody({ ...WANTED, further }, { ...FACTS, dialect: dialectOf(version) })
      .NetworkingConfig.EndpointsConfig
  const home = { IPAMConfig: { IPv4Address: '10.208.1.5' }, MacAddress: '02:42:0a:d0:01:05' }
  const other = { IPAMConfig: { IPv4Address: '10.209.1.5' }, MacAddress: '02:42:0a:d1:01:05' }
  // An older one is told of them by connections, before the start.
  assert.deepEqual(Object.keys(endpointsAt('1.43')), [WANTED.network])
  assert.deepEqual(endpointsAt('1.44'), { [WANTED.network]: home, 'cl-demo-network-m': other })
  assert.deepEqual(endpointsAt('1.48'), {
    [WANTED.network]: { ...home, GwPriority: 1 },
    'cl-demo-network-m': other,
  })
})

test('dialectOf() tells what changed with which version', () => {
  const rows = ['1.41', '1.43', '1.44', '1.53', '1.54', '1.56'].map((version) => {
    const { macIn, checksDuplicates, connectsWithMac } = dialectOf(version)
    return [version, macIn, checksDuplicates, connectsWithMac]
  })
  assert.deepEqual(rows, [
    ['1.41', 'container', true, false],
    ['1.43', 'container', true, false],
    ['1.44', 'endpoint', false, false],
    ['1.53', 'endpoint', false, false],
    ['1.54', 'endpoint', false, true],
    ['1.56', 'endpoint', false, true],
  ])
})

test('containerBody() names a group, a runtime and a size of /dev/shm where there are some', () => {
  const asked = { ...WANTED, cgroupParent: '/clabc', sandboxed: true, shmBytes: 96 }
  const { CgroupParent, Runtime, ShmSize, ...rest } = containerBody(asked, FACTS).HostConfig
  assert.deepEqual([CgroupParent, Runtime, ShmSize], ['/clabc', 'runsc', 96])
  const { ShmSize: _, ...plain } = containerBody(WANTED, FACTS).HostConfig
  assert.deepEqual(rest, plain)
})
