import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { newWorld, type World } from '../conformance/engine-world.ts'
import { baseImage, imageFrom, realBench, realDocker } from '../support/engine.ts'
import { said } from '../support/said.ts'
import { answersOf, callsProgram, oldWayProgram, type SystemCall } from '../support/system-calls.ts'

/** What the kernel answers to a process in a container, call by call, as the processor sees it. */

const EPERM = -1
const ENOSYS = -38
const NEW_USER = 0x1000_0000n
const SIGCHLD = 17n
const STREAM = 1n
const SEQUENCED = 5n
const RAW = 3n

/** Numbers of x86-64 (arch/x86/entry/syscalls/syscall_64.tbl). */
const REFUSED: Readonly<Record<string, SystemCall>> = {
  io_uring_setup: [425, 1n, 0n],
  io_uring_enter: [426, 0n],
  io_uring_register: [427, 0n],
  'socket of AF_ALG': [41, 38n, SEQUENCED, 0n],
  'socket of AF_VSOCK': [41, 40n, STREAM, 0n],
  'socket of AF_PACKET': [41, 17n, RAW, 0n],
  'socket of AF_ALG, with a bit that the kernel cuts off': [41, 0x1_0000_0026n, SEQUENCED, 0n],
  'socketpair of AF_ALG': [53, 38n, SEQUENCED, 0n],
  userfaultfd: [323, 0n],
  add_key: [248, 0n, 0n, 0n, 0n, 0n],
  request_key: [249, 0n, 0n, 0n, 0n],
  keyctl: [250, 0n, 0n],
  bpf: [321, 0n, 0n, 0n],
  perf_event_open: [298, 0n, 0n, 0n, 0n, 0n],
  'unshare of a user namespace': [272, NEW_USER],
  'unshare of a mount namespace': [272, 0x2_0000n],
  'clone into a user namespace': [56, NEW_USER | SIGCHLD],
  'clone into a network namespace': [56, 0x4000_0000n | SIGCHLD],
  setns: [308, 0n, 0n],
  mount: [165, 0n, 0n, 0n, 0n, 0n],
  fsopen: [430, 0n, 0n],
  open_by_handle_at: [304, 0n, 0n, 0n],
  init_module: [175, 0n, 0n, 0n],
  kexec_load: [246, 0n, 0n, 0n, 0n],
  chroot: [161, 0n],
  'personality without random addresses': [135, 0x4_0000n],
  vmsplice: [278, 0n, 0n, 0n, 0n],
}
const LATER: SystemCall = [435, 0n, 0n]
const ALLOWED: Readonly<Record<string, SystemCall>> = {
  getpid: [39],
  'socket of AF_UNIX': [41, 1n, STREAM, 0n],
  'socket of AF_INET': [41, 2n, STREAM, 0n],
  'socket of AF_INET6': [41, 10n, STREAM, 0n],
  'socket of AF_NETLINK': [41, 16n, RAW, 0n],
  epoll_create1: [291, 0n],
  'memfd_create, answering that it cannot read the name': [319, 0n, 0n],
}

const docker = realDocker()
let world: World
let image: Awaited<ReturnType<typeof imageFrom>>

before(async () => {
  const base = await baseImage(docker)
  const calls = [...Object.values(REFUSED), LATER, ...Object.values(ALLOWED)]
  image = await imageFrom(docker, `FROM ${base.tag}\nCOPY calls old-way /\n`, [
    { path: 'calls', mode: 0o755, source: callsProgram(calls) },
    { path: 'old-way', mode: 0o755, source: oldWayProgram() },
  ])
  world = await newWorld(await realBench())
})

after(async () => {
  await world.clear()
  await image.remove()
})

test('the seccomp profile refuses what is for breaking out, and lets through what servers need', async () => {
  assert.equal(process.arch, 'x64', 'the numbers above are those of x86-64')
  const { imageId } = image
  const lines = await said(world, '/calls | od -An -v -td8 -w56', { imageId })
  const answers = answersOf(lines)
  const refused = Object.keys(REFUSED)
  assert.deepEqual(
    Object.fromEntries(refused.map((name, i) => [name, answers[i]])),
    Object.fromEntries(refused.map((name) => [name, EPERM])),
  )
  assert.equal(answers[refused.length], ENOSYS, 'clone3 makes programs fall back to clone')
  const allowed = Object.keys(ALLOWED)
  const stopped = allowed.filter((_, i) =>
    [EPERM, ENOSYS].includes(answers[refused.length + 1 + i] ?? EPERM),
  )
  assert.deepEqual(stopped, [])
})

test('a system call by the way of 32-bit programs ends the process', async () => {
  const lines = await said(world, '/old-way; echo "ended with $?"', { imageId: image.imageId })
  const SIGSYS = 31
  assert.ok(lines.includes(`ended with ${128 + SIGSYS}`), lines.join())
})

test('what needs a capability in the profile works with it', async () => {
  const script = 'chroot / echo in; arping -c 1 -w 1 127.0.0.1 2>&1 | head -n 1'
  const capabilities = ['NET_RAW', 'SYS_CHROOT']
  const lines = await said(world, script, { capabilities })
  assert.equal(lines[0], 'in')
  assert.doesNotMatch(lines[1] ?? '', /not permitted/)
})
