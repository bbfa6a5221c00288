import assert from 'node:assert/strict'
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { capabilitiesOf } from '../../src/core/container-shape.ts'
import type { ContainerWanted } from '../../src/ports/engine.ts'
import { newWorld, type World } from '../conformance/engine-world.ts'
import { baseImage, imageFrom, realBench, realDocker } from '../support/engine.ts'
import { said } from '../support/said.ts'

/** The walls of real containers, each seen from the host and from inside. */

const MIB = 1024 * 1024
const docker = realDocker()
let world: World
let first: ContainerWanted
let second: ContainerWanted

before(async () => {
  world = await newWorld(await realBench())
  first = await running(8)
  second = await running(9)
})

after(async () => {
  await world.clear()
})

async function running(last: number): Promise<ContainerWanted> {
  const plain = world.wanted(['sleep', '600'], last)
  const container = { ...plain, capabilities: capabilitiesOf('baseline') }
  await world.engine.createContainer(container, world.signal)
  await world.engine.startContainer(container.name, world.signal)
  return container
}

const inspected = ({ name }: ContainerWanted) => docker.getContainer(name).inspect()
const pidOf = async (container: ContainerWanted): Promise<number> =>
  (await inspected(container)).State.Pid

test('the namespaces of a container are neither the host’s nor those of a neighbour', async () => {
  const pids = [await pidOf(first), await pidOf(second), process.pid]
  for (const kind of ['mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup']) {
    const links = pids.map((pid) => readlinkSync(`/proc/${pid}/ns/${kind}`))
    assert.equal(new Set(links).size, pids.length, `${kind}: ${links.join(' ')}`)
  }
})

test('a process in a container is seen from the host with its walls, whatever it says itself', async () => {
  const pid = await pidOf(first)
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1]
  assert.deepEqual(['CapEff', 'CapBnd', 'NoNewPrivs', 'Seccomp'].map(field), [
    '00000000000004fb',
    '00000000000004fb',
    '1',
    '2',
  ])
  assert.equal(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8').trim(), '500')
  const limits = readFileSync(`/proc/${pid}/limits`, 'utf8')
  assert.match(limits, /^Max core file size\s+0\s+0\s/m)
  assert.match(limits, /^Max open files\s+(\d+)\s+\1\s/m)
})

test('what is mounted in a container comes from its image, its own files and memory', async () => {
  const pid = await pidOf(first)
  const lines = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').trim().split('\n')
  const onDisk = lines.flatMap((line) => {
    const [mount = '', source = ''] = line.split(' - ')
    const [type = ''] = source.split(' ')
    const [, , , root = '', at = ''] = mount.split(' ')
    if (MEMORY.has(type)) return []
    // The engine's own program, under a name and at a place that differ from one to the next.
    return at.endsWith('/docker-init') ? [] : [`${at} ${at === '/' ? type : basename(root)}`]
  })
  assert.deepEqual(new Set(onDisk), new Set(ON_DISK))
})
const ON_DISK = [
  '/ overlay',
  '/etc/hostname hostname',
  '/etc/hosts hosts',
  '/etc/resolv.conf resolv.conf',
]
const MEMORY = new Set(['proc', 'tmpfs', 'devpts', 'sysfs', 'mqueue', 'cgroup', 'cgroup2'])

/** What is looked at from inside, and what it has to say. What a kernel does not have says nothing either. */
const INSIDE: Readonly<Record<string, readonly [script: string, says: RegExp]>> = {
  devices: [
    'ls /dev | grep -v "^core$" | tr "\\n" " "',
    /^fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero $/,
  ],
  'a device of its own': ['mknod /tmp/sda b 8 0 2>&1', /Operation not permitted/],
  'a mount': ['mount -t tmpfs none /mnt 2>&1', /permission denied|not permitted/],
  'a user namespace': ['unshare -U true 2>&1', /Operation not permitted/],
  'masked files': ['cat /proc/kcore /proc/timer_list /proc/keys 2>/dev/null | wc -c', /^0$/],
  'masked folders': [
    'find /proc/acpi /proc/scsi /sys/firmware -mindepth 1 2>/dev/null | wc -l',
    /^0$/,
  ],
  'settings of the kernel': ['echo 1 2>&1 > /proc/sys/kernel/panic', /Read-only file system/],
  'its own cgroup': ['d=/sys/fs/cgroup; test -d $d/memory && d=$d/memory; mkdir $d/x', /Read-only/],
  'the log of the kernel': ['dmesg 2>&1', /not permitted/],
  'paths of cgroups': ['grep -v ":/$" /proc/self/cgroup | grep -c .', /^0$/],
}

test('a container finds no device, no mask and no file of the kernel that it could use', async () => {
  const scripts = Object.values(INSIDE).map(([script]) => `echo "= $( (${script}) 2>&1)"`)
  const lines = (await said(world, scripts.join('\n'))).join('\n')
  const answers = lines.split(/^= ?/m).slice(1)
  for (const [i, [what, [, says]]] of Object.entries(INSIDE).entries()) {
    assert.match(answers[i]?.replace(/\n$/, '') ?? 'nothing', says, `${what}\n${lines}`)
  }
})

test('under `restricted` nothing is root: not the process, not its capabilities, not its file system', async () => {
  const base = await baseImage(docker)
  // A user whose name is a number that is asked for, and who is root.
  const users = { path: 'passwd', mode: 0o666, source: Buffer.from('1000:x:0:0::/:/bin/sh\n') }
  const image = await imageFrom(docker, `FROM ${base.tag}\nCOPY passwd /etc/passwd\n`, [users])
  try {
    const { imageId } = image
    const walls = { capabilities: capabilitiesOf('restricted'), readOnlyRoot: true, user: '1000' }
    const script = `
      id -u
      grep -E "^Cap(Eff|Bnd)" /proc/self/status | tr "\\t" " "
      touch /etc/passwd 2>&1 | grep -c .`
    assert.deepEqual(await said(world, script, { imageId, ...walls }), [
      '1000',
      'CapEff: 0000000000000000',
      'CapBnd: 0000000000000400',
      '1',
    ])
  } finally {
    await image.remove()
  }
})

test('what a container writes to its log takes no more of the disk than its share', async () => {
  const line = 'x'.repeat(1023)
  const script = `yes ${line} | head -c ${48 * MIB}`
  const container = world.wanted(['sh', '-c', script], 7)
  await world.engine.createContainer(container, world.signal)
  await world.engine.startContainer(container.name, world.signal)
  await world.until(container.name, ({ status }) => status === 'exited')
  const { LogPath } = await inspected(container)
  const folder = dirname(LogPath)
  const logs = readdirSync(folder).filter((name) => name.includes('-json.log'))
  assert.equal(logs.length, 3)
  const bytes = logs.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
  assert.ok(bytes > 20 * MIB && bytes < 31 * MIB, `${bytes} bytes`)
})
