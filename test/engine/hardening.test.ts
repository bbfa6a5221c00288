import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openFilesLimit } from '../../src/adapters/open-files.ts'
import { SECCOMP_OPTION } from '../../src/adapters/seccomp.ts'
import type { ContainerWanted } from '../../src/ports/engine.ts'
import { newWorld, type EngineBench, type World } from '../conformance/engine-world.ts'
import { limitsOf } from '../support/cgroups.ts'
import { baseImage, imageFrom, realBench, realDocker } from '../support/engine.ts'
import { nameServer } from '../support/name-server.ts'
import { said } from '../support/said.ts'

const MIB = 1024 * 1024
/** CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, NET_BIND_SERVICE (capability.h). */
const BASELINE_MASK = '00000000000004fb'

async function inWorld(bench: EngineBench, work: (world: World) => Promise<void>): Promise<void> {
  const world = await newWorld(bench)
  try {
    await work(world)
  } finally {
    await world.clear()
  }
}

async function start({ engine, signal }: World, container: ContainerWanted): Promise<void> {
  await engine.createContainer(container, signal)
  await engine.startContainer(container.name, signal)
}

test('a container has the capabilities given, no way to more, and a seccomp filter', async () => {
  await inWorld(await realBench(), async (world) => {
    const status = await said(world, 'grep -E "^(Cap|NoNewPrivs|Seccomp:)" /proc/self/status')
    assert.deepEqual(
      status.map((line) => line.split(/\s+/)),
      [
        ['CapInh:', '0000000000000000'],
        ['CapPrm:', BASELINE_MASK],
        ['CapEff:', BASELINE_MASK],
        ['CapBnd:', BASELINE_MASK],
        ['CapAmb:', '0000000000000000'],
        ['NoNewPrivs:', '1'],
        ['Seccomp:', '2'],
      ],
    )
  })
})

test('a container is held to its memory without swap, its CPU and its processes', async () => {
  await inWorld(await realBench(), async (world) => {
    const container = { ...world.wanted(['sleep', '600']), memoryBytes: 48 * MIB, cpuMilli: 250 }
    await start(world, container)
    const { State } = await realDocker().getContainer(container.name).inspect()
    assert.deepEqual(limitsOf(State.Pid), {
      memoryBytes: 48 * MIB,
      swapBytes: 0,
      cpuMilli: 250,
      pids: container.pids,
    })
  })
})

test('a container over its memory is killed, and that is told', async () => {
  await inWorld(await realBench(), async (world) => {
    const script = 'tail /dev/zero'
    const container = { ...world.wanted(['sh', '-c', script]), memoryBytes: 16 * MIB }
    await start(world, container)
    const { exit } = await world.until(container.name, ({ status }) => status === 'exited')
    assert.equal(exit?.oomKilled, true)
  })
})

test('a container writes to sized file systems in memory, and with a read-only root nowhere else', async () => {
  await inWorld(await realBench(), async (world) => {
    const tmpfs = [{ path: '/data', sizeBytes: MIB, executable: true }]
    const script = `
      grep -E " /(tmp|run|data|dev/shm) " /proc/mounts | cut -d" " -f2,4 | sort
      dd if=/dev/zero of=/data/full bs=1M count=4 2>&1 | grep -o "No space left on device"
      touch /root-file 2>&1 | grep -o "Read-only file system"`
    assert.deepEqual(await said(world, script, { tmpfs, readOnlyRoot: true }), [
      '/data rw,nosuid,nodev,relatime,size=1024k',
      '/dev/shm rw,nosuid,nodev,noexec,relatime,size=65536k',
      '/run rw,nosuid,nodev,noexec,relatime,size=16384k',
      '/tmp rw,nosuid,nodev,noexec,relatime,size=65536k',
      'No space left on device',
      'Read-only file system',
    ])
  })
})

test('a container keeps its address and MAC over a restart', async () => {
  await inWorld(await realBench(), async (world) => {
    const container = world.wanted(['sleep', '600'], 9)
    const seen: unknown[] = []
    await world.engine.createContainer(container, world.signal)
    for (let i = 0; i < 2; i += 1) {
      await world.engine.startContainer(container.name, world.signal)
      const { NetworkSettings } = await realDocker().getContainer(container.name).inspect()
      const endpoint = NetworkSettings.Networks[container.network]
      seen.push([endpoint?.IPAddress, endpoint?.MacAddress])
      await world.engine.stopContainer(container.name, 5, world.signal)
    }
    const expected = [container.address, container.mac]
    assert.deepEqual(seen, [expected, expected])
  })
})

test('a container that is connected anew has its address and MAC again', async () => {
  await inWorld(await realBench(), async (world) => {
    const { engine, signal } = world
    const { name, network, address, mac } = await world.run(['sleep', '600'], 9)
    await engine.disconnectContainer(name, network, signal)
    await engine.connectContainer(name, { network, address, mac }, signal)
    const { NetworkSettings } = await realDocker().getContainer(name).inspect()
    const endpoint = NetworkSettings.Networks[network]
    assert.deepEqual([endpoint?.IPAddress, endpoint?.MacAddress], [address, mac])
  })
})

test('a container finds names with and without the domain at its resolver', async () => {
  await inWorld(await realBench(), async (world) => {
    const resolver = world.network.gateway
    const names = await nameServer(resolver, { 'web.t.internal': '127.9.9.9' })
    try {
      const script = `
        grep -E '^[a-z]' /etc/resolv.conf
        for name in web web.t.internal other; do
          wget -q -O - "http://$name:9/" 2>&1 | head -n 1
        done`
      const lines = await said(world, script, { resolver, searchDomain: 't.internal' })
      assert.deepEqual(lines.slice(0, 3).toSorted(), [
        'nameserver 127.0.0.11',
        'options ndots:1',
        'search t.internal',
      ])
      assert.deepEqual(lines.slice(3), [
        "wget: can't connect to remote host (127.9.9.9): Connection refused",
        "wget: can't connect to remote host (127.9.9.9): Connection refused",
        "wget: bad address 'other:9'",
      ])
      assert.equal(names.asked[0], 'web.t.internal')
    } finally {
      names.close()
    }
  })
})

test('an image cannot say whose container it is, be run by a check, or leave a volume', async () => {
  const docker = realDocker()
  const base = await baseImage(docker)
  const image = await imageFrom(
    docker,
    [
      `FROM ${base.tag}`,
      'LABEL cloudlet.instance=other cloudlet.tenant=victim cloudlet.id=x cloudlet.generation=99',
      'HEALTHCHECK --interval=1s CMD true',
      'VOLUME ["/data", "/more"]',
      'EXPOSE 81/udp 82 80/tcp',
      'USER 1000:1000',
      'CMD ["sleep", "600"]',
      '',
    ].join('\n'),
  )
  try {
    await inWorld(await realBench(), async (world) => {
      const facts = await world.engine.image(image.tag, world.signal)
      assert.ok(facts?.sizeBytes)
      assert.deepEqual(facts, {
        sizeBytes: facts.sizeBytes,
        imageId: image.imageId,
        exposedTcpPorts: [80, 82],
        volumes: ['/data', '/more'],
        user: '1000:1000',
      })
      const { command: _, ...wanted } = world.wanted([])
      const tmpfs = facts.volumes.map((path) => ({ path, sizeBytes: MIB, executable: false }))
      const container = { ...wanted, imageId: image.imageId, tmpfs }
      await start(world, container)

      const view = await world.engine.list(world.signal)
      assert.deepEqual(
        view.containers.map(({ tenant, id, generation }) => [tenant, id, generation]),
        [['t', container.id, 1]],
      )
      const found = await docker.getContainer(container.name).inspect()
      assert.equal(found.State.Health, undefined)
      // A tmpfs is in their place; otherwise here were a volume of the engine, without a size.
      assert.deepEqual(found.Mounts, [])
    })
  } finally {
    await image.remove()
  }
})

test('the engine knows of a container what is on the list, and nothing else', async () => {
  await inWorld(await realBench(), async (world) => {
    const container: ContainerWanted = {
      ...world.wanted(['sleep', '600']),
      capabilities: ['CHOWN'],
      env: { A: 'b' },
      labels: { 'cloudlet.tenant': 'victim', app: 'hello' },
      ports: [{ port: 8080, protocol: 'tcp' }],
      publish: true,
      resolver: '10.1.2.3',
    }
    await world.engine.createContainer(container, world.signal)
    const found = await realDocker().getContainer(container.name).inspect()
    const { 'cloudlet.instance': instance, ...labels } = found.Config.Labels
    assert.ok(instance)
    assert.deepEqual(labels, {
      'cloudlet.tenant': 't',
      'cloudlet.id': container.id,
      'cloudlet.generation': '1',
      'cloudlet.spec': container.spec,
      app: 'hello',
    })
    assert.equal(found.Config.Healthcheck?.Test?.[0], 'NONE')
    const hostConfig = setFields(found.HostConfig)
    for (const key of ENGINES_OWN) delete hostConfig[key]
    assert.deepEqual(hostConfig, { ...HOST_CONFIG, NetworkMode: container.network })
    const limits = (found.HostConfig.Ulimits ?? []).map((ulimit) => JSON.stringify(ulimit))
    const files = openFilesLimit()
    assert.deepEqual(limits, [
      `{"Name":"nofile","Hard":${files},"Soft":${files}}`,
      '{"Name":"core","Hard":0,"Soft":0}',
    ])
  })
})

/** Fields that nobody has set differ from engine to engine. */
function setFields(fields: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([, value]) => Boolean(value) && !['[]', '{}'].includes(JSON.stringify(value)),
    ),
  )
}

/** What the engine fills in itself; the limits of files are looked at apart. */
const ENGINES_OWN = ['ConsoleSize', 'MaskedPaths', 'ReadonlyPaths', 'Runtime', 'Ulimits']

const HOST_CONFIG = {
  CapAdd: ['CHOWN'],
  CapDrop: ['ALL'],
  CgroupnsMode: 'private',
  CpuShares: 512,
  Dns: ['10.1.2.3'],
  DnsOptions: ['ndots:1'],
  DnsSearch: ['t.internal'],
  Init: true,
  IpcMode: 'private',
  LogConfig: { Type: 'json-file', Config: { 'max-size': '10485760', 'max-file': '3' } },
  Memory: 32 * MIB,
  MemorySwap: 32 * MIB,
  NanoCpus: 500_000_000,
  OomScoreAdj: 500,
  PidsLimit: 32,
  PortBindings: { '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] },
  RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
  SecurityOpt: ['no-new-privileges', SECCOMP_OPTION],
  ShmSize: 64 * MIB,
  Tmpfs: {
    '/run': 'rw,nosuid,nodev,noexec,size=16777216,mode=1777',
    '/tmp': 'rw,nosuid,nodev,noexec,size=67108864,mode=1777',
  },
}
