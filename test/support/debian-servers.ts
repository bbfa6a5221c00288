import { execFile } from 'node:child_process'
import { globSync, readdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type Docker from 'dockerode'
import { librariesOf, type ContextEntry } from '../../images/contexts.ts'
import { baseImage, imageFrom } from './engine.ts'

/**
 * Servers that people run, as images made of the files of this machine's Debian packages. They run as
 * user 1000, and keep what they have in /tmp.
 */

const USER = '1000:1000'

const file = (path: string, source = path): ContextEntry => ({
  path: `rootfs${path}`,
  mode: 0o755,
  source: realpathSync(source),
})

async function withLibraries(programs: readonly string[]): Promise<ContextEntry[]> {
  const all = await Promise.all(programs.map((program) => librariesOf(program)))
  const libraries = new Map(all.flat().map((one) => [one.path, one.file]))
  return [...libraries].map(([path, source]) => file(path, source))
}

function filesBelow(folder: string, isWanted: (path: string) => boolean): ContextEntry[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => !one.isDirectory())
    .map((one) => join(one.parentPath, one.name))
    .filter(isWanted)
    .map((path) => file(path))
}

/** PostgreSQL with the user `app` and that password, who owns everything. */
export async function postgresImage(docker: Docker, password: string) {
  const [server = ''] = globSync('/usr/lib/postgresql/*/bin/postgres')
  const version = server.split('/')[4] ?? ''
  const programs = [server, `/usr/lib/postgresql/${version}/bin/initdb`]
  const modules = ['plpgsql.so', 'dict_snowball.so'].map(
    (name) => `/usr/lib/postgresql/${version}/lib/${name}`,
  )
  const shared = `/usr/share/postgresql/${version}`
  const script = [
    '#!/bin/sh',
    'set -e',
    `initdb -D /tmp/data -U app --pwfile=/etc/password -A scram-sha-256 --locale=C -E UTF8 -N`,
    "echo 'host all all all scram-sha-256' >> /tmp/data/pg_hba.conf",
    "exec postgres -D /tmp/data -k /tmp -c 'listen_addresses=*' -c fsync=off -c jit=off",
    '',
  ].join('\n')
  return imageOf(docker, {
    path: `/usr/lib/postgresql/${version}/bin`,
    port: 5432,
    script,
    entries: [
      ...(await withLibraries([...programs, ...modules])),
      ...[...programs, ...modules].map((path) => file(path)),
      ...filesBelow(shared, (path) => !/\/(man|contrib)\/|\/extension\/(?!plpgsql)/.test(path)),
      { path: 'rootfs/etc/password', mode: 0o644, source: Buffer.from(`${password}\n`) },
    ],
  })
}

/** Redis; Debian has one program under several names. */
export async function redisImage(docker: Docker, password: string) {
  const program = '/usr/bin/redis-check-rdb'
  const script = [
    '#!/bin/sh',
    `exec redis-server --bind '*' --requirepass ${password} --save '' --dir /tmp`,
    '',
  ].join('\n')
  return imageOf(docker, {
    path: '/usr/local/bin',
    port: 6379,
    script,
    entries: [...(await withLibraries([program])), file('/usr/local/bin/redis-server', program)],
  })
}

interface Server {
  /** Where its programs are. */
  readonly path: string
  readonly port: number
  readonly script: string
  readonly entries: readonly ContextEntry[]
}

async function imageOf(docker: Docker, { path, port, script, entries }: Server) {
  const base = await baseImage(docker)
  const dockerfile = [
    `FROM ${base.tag}`,
    'COPY rootfs/ /',
    `ENV PATH=${path}:/usr/local/bin:/bin`,
    `EXPOSE ${port}`,
    `USER ${USER}`,
    'CMD ["/usr/local/bin/serve"]',
    '',
  ].join('\n')
  const serve = { path: 'rootfs/usr/local/bin/serve', mode: 0o755, source: Buffer.from(script) }
  return { port, ...(await imageFrom(docker, dockerfile, [...entries, serve])) }
}

/** A client of those servers, on this machine; answers what it prints. */
export async function answered(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const [program = '', ...args] = command
  const given = { PATH: '/usr/bin:/bin', LC_ALL: 'C', ...env }
  const { stdout } = await promisify(execFile)(program, args, {
    env: given,
    timeout: 60_000,
    maxBuffer: 64 * 1024 * 1024,
  })
  return stdout
}
