import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SECCOMP_OPTION } from '../../src/adapters/seccomp.ts'

interface Rule {
  readonly names: readonly string[]
  readonly action: string
  readonly args?: readonly { readonly index: number; readonly value: number; readonly op: string }[]
  readonly includes?: { readonly caps?: readonly string[] }
}
interface Profile {
  readonly defaultAction: string
  readonly archMap: readonly { readonly subArchitectures: readonly string[] }[]
  readonly syscalls: readonly Rule[]
}

const profile: Profile = JSON.parse(SECCOMP_OPTION.replace(/^seccomp=/, ''))
const rulesOf = (name: string): Rule[] =>
  profile.syscalls.filter(({ names }) => names.includes(name))

test('the seccomp profile is an allow-list', () => {
  assert.equal(profile.defaultAction, 'SCMP_ACT_ERRNO')
  const others = profile.syscalls.filter(({ action }) => action !== 'SCMP_ACT_ALLOW')
  assert.deepEqual(
    others.map(({ names }) => names),
    [['clone3']],
  )
})

test('the seccomp profile names nothing that breaks out, whatever the capabilities', () => {
  const never = `
    io_uring_setup io_uring_enter io_uring_register userfaultfd vmsplice bpf perf_event_open
    add_key request_key keyctl socketcall unshare setns mount umount2 pivot_root move_mount
    open_tree fsopen open_by_handle_at init_module finit_module kexec_load reboot swapon
    iopl ioperm settimeofday acct quotactl lookup_dcookie syslog`
    .trim()
    .split(/\s+/)
  assert.deepEqual(
    never.filter((name) => rulesOf(name).length > 0),
    [],
  )
})

test('the seccomp profile names the families of sockets one by one, since a list of refused ones can be passed by', () => {
  const families = rulesOf('socket').map(({ args, includes }) => {
    const [{ index, value, op } = { index: -1, value: -1, op: '' }] = args ?? []
    return [index, op, value, ...(includes?.caps ?? [])]
  })
  assert.deepEqual(families, [
    [0, 'SCMP_CMP_EQ', 1],
    [0, 'SCMP_CMP_EQ', 2],
    [0, 'SCMP_CMP_EQ', 10],
    [0, 'SCMP_CMP_EQ', 16],
    [0, 'SCMP_CMP_EQ', 17, 'CAP_NET_RAW'],
  ])
})

test('the seccomp profile lets no x86 program in by the 32-bit way, where arguments of socketcall lie in memory', () => {
  const subs = profile.archMap.flatMap(({ subArchitectures }) => subArchitectures)
  assert.deepEqual(subs, ['SCMP_ARCH_ARM'])
})
