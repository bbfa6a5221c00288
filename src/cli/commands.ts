import type { Command } from './command.ts'
import { REACH_COMMANDS } from './commands-reach.ts'
import { command, part } from './described.ts'
import { NETWORK_COMMANDS } from './network-commands.ts'
import {
  AUDIT_OPTIONS,
  CHAIN_OPTIONS,
  CONTAINER_OPTIONS,
  EVENT_OPTIONS,
  FORCE,
  GC_OPTIONS,
  KEY_OPTIONS,
  LOGIN_OPTIONS,
  LOG_OPTIONS,
  OPERATION_OPTIONS,
  PLATFORM,
  REGISTRY_OPTIONS,
  RESIZE_OPTIONS,
  ROTATE_OPTIONS,
  RUN_OPTIONS,
  SECRET_OPTIONS,
  INVITE_OPTIONS,
  USER_OPTIONS,
  SUSPEND_OPTIONS,
  TENANT_DELETE_OPTIONS,
  TENANT_OPTIONS,
  TIMEOUT,
  TOKEN_OPTIONS,
  VERIFY_OPTIONS,
  YES,
} from './options.ts'

/** The files that hold several commands, each loaded by whichever of them is run. */
const audit = part(() => import('./commands/audit.ts'))
const backup = part(() => import('./commands/backup.ts'))
const container = part(() => import('./commands/containers.ts'))
const image = part(() => import('./commands/image.ts'))
const key = part(() => import('./commands/key.ts'))
const node = part(() => import('./commands/node.ts'))
const operation = part(() => import('./commands/ops.ts'))
const registry = part(() => import('./commands/registry.ts'))
const secret = part(() => import('./commands/secret.ts'))
const session = part(() => import('./commands/session.ts'))
const show = part(() => import('./commands/show.ts'))
const user = part(() => import('./commands/user.ts'))
const tenant = part(() => import('./commands/tenant.ts'))

/** Every command written by hand, in the order of the help. Each loads its work when it is run. */
export const COMMANDS: readonly Command[] = [
  command('up', '', {
    summary: 'Start the platform on this machine, in the foreground',
    work: async () => (await import('./commands/up.ts')).up,
  }),
  command('uninstall', '', {
    summary: 'Take away all that the platform has made on this machine',
    options: YES,
    notes: 'Containers, networks and data go; the engine and what others made on it stay.',
    work: async () => (await import('./commands/uninstall.ts')).uninstall,
  }),
  command('demo', '', {
    summary: 'Show where the demo answers; make it if it is missing',
    options: TIMEOUT,
    work: async () => (await import('./commands/demo.ts')).demo,
  }),
  command('login', '', {
    summary: 'Keep an endpoint and a key in a profile',
    options: LOGIN_OPTIONS,
    notes: [
      'Without options it takes the key that a platform on this machine has left for its admin.',
      'A secret is asked for without echo, or read from stdin when that is no terminal.',
      'The authority of --ca is kept in the profile, and trusted for its endpoint beside those of this machine.',
    ].join('\n'),
    work: async () => (await import('./commands/login.ts')).login,
  }),
  command('logout', '', {
    summary: 'End the session that login --oidc has begun',
    work: async () => (await import('./commands/logout.ts')).logout,
  }),
  command('run', '<image> [argument…]', {
    summary: 'Create a container and start it',
    options: RUN_OPTIONS,
    notes: 'Arguments that begin with a hyphen go after "--": cloudlet run alpine -- ls -l',
    work: async () => (await import('./commands/run.ts')).runContainer,
  }),
  command('ps', '', {
    summary: 'List containers, in whatever state',
    options: CONTAINER_OPTIONS,
    work: async () => (await import('./commands/ps.ts')).ps,
  }),
  command('logs', '<container>', {
    summary: 'Read the log of a container',
    options: LOG_OPTIONS,
    work: async () => (await import('./commands/logs.ts')).logs,
  }),
  ...REACH_COMMANDS,
  command('metrics', '<container>', {
    summary: 'Show what a running container uses now',
    work: async () => (await import('./commands/metrics.ts')).metrics,
  }),
  command('stop', '<container> [container…]', {
    summary: 'Stop containers; they keep name and address',
    options: TIMEOUT,
    work: container(({ stop }) => stop),
  }),
  command('start', '<container> [container…]', {
    summary: 'Start stopped containers',
    options: TIMEOUT,
    work: container(({ start }) => start),
  }),
  command('restart', '<container> [container…]', {
    summary: 'Stop containers and start them again',
    options: TIMEOUT,
    work: container(({ restart }) => restart),
  }),
  command('rename', '<container> <name>', {
    summary: 'Give a container another name',
    options: TIMEOUT,
    work: container(({ rename }) => rename),
  }),
  command('resize', '<container>', {
    summary: 'Give a container other limits while it runs',
    options: RESIZE_OPTIONS,
    work: container(({ resize }) => resize),
  }),
  command('rm', '<container> [container…]', {
    summary: 'Delete containers; running ones only with --force',
    options: { ...FORCE, ...TIMEOUT },
    work: container(({ remove }) => remove),
  }),
  command('inspect', '<container> [container…]', {
    summary: 'Show everything about containers, as JSON',
    work: container(({ inspect }) => inspect),
  }),
  command('usage', '', {
    summary: 'Show limits, what is reserved of them, and what is really used',
    options: PLATFORM,
    notes: 'With --admin: of each tenant, of all together, and of the host.',
    work: async () => (await import('./commands/usage.ts')).usage,
  }),
  command('doctor', '', {
    summary: 'Check engine, kernel, disks, clock, names and database, and say what to do',
    notes: 'It ends with 1 where there is a problem.',
    work: async () => (await import('./commands/doctor.ts')).doctor,
  }),
  command('node list', '', {
    summary: 'List the machines that containers run on',
    work: node(({ list }) => list),
  }),
  command('node show', '[node]', {
    summary: 'Show a machine: what it has, what is reserved of it, and what is really used',
    work: node(({ showOne }) => showOne),
  }),
  command('node cordon', '[node]', {
    summary: 'Let a machine take nothing new; what runs on it goes on',
    options: TIMEOUT,
    work: node(({ cordon }) => cordon),
  }),
  command('node drain', '[node]', {
    summary: 'Stop all containers on a machine and start none, e.g. to look after it',
    options: TIMEOUT,
    notes: 'What was to run runs again after "node uncordon".',
    work: node(({ drain }) => drain),
  }),
  command('node uncordon', '[node]', {
    summary: 'Let a machine take everything again, and start what was to run on it',
    options: TIMEOUT,
    work: node(({ uncordon }) => uncordon),
  }),
  command('gc', '', {
    summary: 'Remove from the engine what the database does not know',
    options: GC_OPTIONS,
    notes: 'It ends with 1 where there was so much that nothing was removed.',
    work: async () => (await import('./commands/gc.ts')).gc,
  }),
  command('ops', '', {
    summary: 'List operations, the newest first',
    options: OPERATION_OPTIONS,
    notes: 'With --admin those of all tenants, or of --tenant, also when that is gone.',
    work: operation(({ list }) => list),
  }),
  command('ops list', '', {
    summary: 'List operations, the newest first',
    options: OPERATION_OPTIONS,
    notes: 'With --admin those of all tenants, or of --tenant, also when that is gone.',
    work: operation(({ list }) => list),
  }),
  command('ops show', '<operation>', {
    summary: 'Show an operation',
    options: PLATFORM,
    work: operation(({ showOne }) => showOne),
  }),
  command('ops wait', '<operation>', {
    summary: 'Wait until an operation has ended',
    options: { ...PLATFORM, ...TIMEOUT },
    work: operation(({ wait }) => wait),
  }),
  command('ops cancel', '<operation>', {
    summary: 'Cancel an operation',
    work: operation(({ cancel }) => cancel),
  }),
  command('audit', '', {
    summary: 'Show who asked for what, the newest first',
    options: AUDIT_OPTIONS,
    work: audit(({ list }) => list),
  }),
  command('audit list', '', {
    summary: 'Show who asked for what, the newest first',
    options: AUDIT_OPTIONS,
    work: audit(({ list }) => list),
  }),
  command('audit verify', '', {
    summary: 'Tell whether the audit log is what was written, and name the first entry that is not',
    options: { ...CHAIN_OPTIONS, ...VERIFY_OPTIONS },
    notes: [
      'With --head of an earlier day it finds also what was cut off at the end.',
      'The macs of a file are made anew by the platform, which alone has the key.',
    ].join('\n'),
    work: audit(({ verify }) => verify),
  }),
  command('audit export', '', {
    summary: 'Print the audit log with its macs, a document a line, the oldest first',
    options: CHAIN_OPTIONS,
    work: audit(({ exportChain }) => exportChain),
  }),
  command('events', '', {
    summary: 'Show what happened, and with -f what happens',
    options: EVENT_OPTIONS,
    notes:
      'With --admin those of the whole platform. One that breaks off is taken up where it was.',
    work: async () => (await import('./commands/events.ts')).events,
  }),
  command('backup db', '', {
    summary: "Copy the platform's database, and read the copy back",
    work: backup(({ make }) => make),
  }),
  command('backup list', '', {
    summary: 'List the backups of the database, the newest first',
    work: backup(({ list }) => list),
  }),
  command('restore', '<file>', {
    summary: 'Put a backup in the place of the database of this machine',
    options: YES,
    notes: 'The platform must not run. The old database stays beside the new one.',
    work: async () => (await import('./commands/restore.ts')).restore,
  }),
  command('image list', '', {
    summary: 'List the images that run without a pull',
    work: image(({ list }) => list),
  }),
  command('image share', '<image>', {
    summary: 'Let every tenant run an image that the engine has',
    work: image(({ share }) => share),
  }),
  ...NETWORK_COMMANDS,
  command('registry login', '<host>', {
    summary: 'Keep the credentials of a registry',
    options: REGISTRY_OPTIONS,
    notes: 'The password is asked for without echo, or read from stdin when that is no terminal.',
    work: registry(({ login }) => login),
  }),
  command('registry list', '', {
    summary: 'List the registries with credentials',
    work: registry(({ list }) => list),
  }),
  command('registry logout', '<host>', {
    summary: 'Forget the credentials of a registry',
    work: registry(({ logout }) => logout),
  }),
  command('secret set', '<name>', {
    summary: 'Keep a secret, or give it a new version',
    options: SECRET_OPTIONS,
    notes: 'The value is asked for without echo, or read from stdin when that is no terminal.',
    work: secret(({ set }) => set),
  }),
  command('secret list', '', {
    summary: 'List secrets; no value is ever shown',
    work: secret(({ list }) => list),
  }),
  command('secret show', '<name>', {
    summary: 'Show the versions of a secret, and who uses it',
    work: secret(({ showOne }) => showOne),
  }),
  command('secret rollback', '<name> <version>', {
    summary: 'Make the value of an older version the newest again',
    work: secret(({ rollBack }) => rollBack),
  }),
  command('secret rm', '<name>', {
    summary: 'Delete a secret that no container uses',
    work: secret(({ remove }) => remove),
  }),
  command('tenant create', '<slug>', {
    summary: 'Create a tenant',
    options: TENANT_OPTIONS,
    work: tenant(({ create }) => create),
  }),
  command('tenant list', '', {
    summary: 'List tenants',
    work: tenant(({ list }) => list),
  }),
  command('tenant show', '[slug]', {
    summary: 'Show a tenant',
    work: tenant(({ showOne }) => showOne),
  }),
  command('tenant update', '<slug>', {
    summary: 'Change the limits or the policy of a tenant',
    options: TENANT_OPTIONS,
    work: tenant(({ update }) => update),
  }),
  command('tenant suspend', '<slug>', {
    summary: 'Stop everything of a tenant, and keep it stopped; nothing is lost',
    options: SUSPEND_OPTIONS,
    work: tenant(({ suspend }) => suspend),
  }),
  command('tenant resume', '<slug>', {
    summary: 'End the suspension of a tenant: what was to run runs again',
    options: TIMEOUT,
    work: tenant(({ resume }) => resume),
  }),
  command('tenant delete', '<slug>', {
    summary: 'Delete a tenant; one that has containers only with --cascade',
    options: TENANT_DELETE_OPTIONS,
    work: tenant(({ remove }) => remove),
  }),
  command('key create', '', {
    summary: 'Create an access key; its secret is shown once',
    options: KEY_OPTIONS,
    work: key(({ create }) => create),
  }),
  command('key list', '', {
    summary: 'List access keys',
    options: PLATFORM,
    work: key(({ list }) => list),
  }),
  command('key revoke', '<key>', {
    summary: 'Revoke an access key and all its tokens, at once',
    options: PLATFORM,
    work: key(({ revoke }) => revoke),
  }),
  command('key rotate', '<key>', {
    summary: 'Give an access key a new secret; the old one ends at once, or after --grace',
    options: ROTATE_OPTIONS,
    work: key(({ rotate }) => rotate),
  }),
  command('key token', '<key>', {
    summary: 'Create an API key: a token of an access key',
    options: TOKEN_OPTIONS,
    work: key(({ token }) => token),
  }),
  command('user invite', '<e-mail>', {
    summary: 'Let a person sign in with the identity provider',
    options: INVITE_OPTIONS,
    work: user(({ invite }) => invite),
  }),
  command('user list', '', {
    summary: 'List people',
    options: PLATFORM,
    work: user(({ list }) => list),
  }),
  command('user set', '<user>', {
    summary: 'Change the role of a person, or keep them out',
    options: USER_OPTIONS,
    work: user(({ set }) => set),
  }),
  command('user remove', '<user>', {
    summary: 'Remove a person; their sessions end at once',
    options: PLATFORM,
    work: user(({ remove }) => remove),
  }),
  command('session list', '', {
    summary: 'List open streams and people who are signed in',
    options: PLATFORM,
    work: session(({ list }) => list),
  }),
  command('session end', '<session>', {
    summary: 'End a stream, or sign a person out',
    options: PLATFORM,
    work: session(({ end }) => end),
  }),
  command('whoami', '', {
    summary: 'Show whose key is used and what it may do',
    work: show(({ whoAmI }) => whoAmI),
  }),
  command('version', '', {
    summary: 'Show the version of this program',
    work: async () => (await import('./commands/version.ts')).version,
  }),
  command('completion', '<shell>', {
    summary: 'Print the completion script for bash, zsh or fish',
    notes: 'For bash: cloudlet completion bash > /etc/bash_completion.d/cloudlet',
    work: async () => (await import('./commands/completion.ts')).completion,
  }),
  command('help', '[command…]', {
    summary: 'Show the commands, or one of them',
    work: async () => (await import('./commands/help.ts')).help,
  }),
]
