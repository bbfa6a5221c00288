import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { test } from 'node:test'

/** The rules of the house that no tool knows: who may import whom, and what no file may say. */

const ROOT = join(import.meta.dirname, '..')

/**
 * Which layer may import values from which, itself apart. Types are free: they leave nothing behind at
 * run time. The longest prefix of a file's path is its layer.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'src/core': [],
  'src/contract': ['src/core', 'zod'],
  'src/ports': ['src/core'],
  'src/services': ['src/core', 'src/contract', 'src/ports'],
  'src/reconcile': ['src/core', 'src/ports'],
  'src/adapters': [
    'src/core',
    'src/ports',
    '@peculiar/x509',
    'proxy/link',
    'dockerode',
    'jose',
    'openid-client',
    'zod',
    'node:',
  ],
  'src/http': ['src/contract', 'src/core', 'hono', '@hono/', 'ws', 'zod', 'node:'],
  'src/client': ['src/contract', 'src/core', 'zod', 'jose'],
  // Of the edge only the tunnel's own protocol, of which the command is the other end.
  'src/cli': [
    'src/client',
    'src/contract',
    'src/core',
    'proxy/core/',
    'proxy/tunnel/',
    'zod',
    'node:',
  ],
  routes: ['src/contract', 'src/http', 'hono'],
  db: ['src/core', 'drizzle-orm', '@libsql/', 'node:'],
  'proxy/core': ['src/core'],
  proxy: ['src/core', 'src/ports', 'node:'],
  'src/config.ts': [
    'src/core',
    'src/instance.ts',
    'src/log.ts',
    'src/setting-kinds.ts',
    'zod',
    'node:',
  ],
  'src/setting-kinds.ts': ['src/core', 'src/instance.ts', 'zod', 'node:'],
  'src/log.ts': [],
  'src/instance.ts': [],
  // The supervisor carries no dependency but the settings' own: little can end it.
  'src/main.ts': ['src/config.ts', 'src/instance.ts', 'src/log.ts', 'src/supervisor', 'node:'],
  'src/supervisor': ['src/log.ts', 'src/instance.ts', 'proxy/link', 'node:'],
}

/** Composition roots: the only places that make adapters and pass them on. They may import anything. */
const ROOTS = [
  'src/certify.ts',
  'src/control-plane.ts',
  'src/control/',
  'src/doctor.ts',
  'src/edge.ts',
  'src/edge/',
  'src/prepare.ts',
  'src/prepare/',
  'src/restore.ts',
  'src/uninstall.ts',
]

const sources = globSync('{src,routes,db,proxy}/**/*.ts', { cwd: ROOT })
const isRoot = (file: string): boolean => ROOTS.some((root) => file.startsWith(root))
const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

test('every layer imports only the layers below it', () => {
  const broken = sources
    .filter((file) => !isRoot(file) && file !== 'db/strict.ts')
    .flatMap((file) =>
      valueImports(file)
        .filter((target) => !isAllowed(file, target))
        .map((target) => `${file} imports ${target}`),
    )
  assert.deepEqual(broken, [])
})

test('the check of the layers sees imports at all', () => {
  assert.ok(valueImports('src/services/containers.ts').includes('src/core/failure.ts'))
  assert.equal(isAllowed('src/core/quota.ts', 'src/services/containers.ts'), false)
  assert.equal(isAllowed('proxy/core/zone.ts', 'node:net'), false)
})

function valueImports(file: string): string[] {
  const imports = /^(?:import|export)\s(?!type\s)(?:[^';]*?\sfrom\s)?'([^']+)'/gm
  return [...textOf(file).matchAll(imports)].map(([, specifier = '']) =>
    specifier.startsWith('.') ? relative(ROOT, join(ROOT, file, '..', specifier)) : specifier,
  )
}

function isAllowed(file: string, target: string): boolean {
  const layer = Object.keys(MAY_IMPORT)
    .toSorted((a, b) => b.length - a.length)
    .find((one) => file === one || file.startsWith(`${one}/`))
  assert.ok(layer !== undefined, `${file} belongs to no layer`)
  return [layer, ...(MAY_IMPORT[layer] ?? [])].some((prefix) => target.startsWith(prefix))
}

test('a folder called core knows neither time nor chance', () => {
  const broken = sources.filter(
    (file) => /(^|\/)core\//.test(file) && /Date\.now|new Date\(\)|Math\.random/.test(textOf(file)),
  )
  assert.deepEqual(broken, [])
})

test('only the readers of the settings read the environment', () => {
  const readers = sources.filter((file) => textOf(file).includes('process.env'))
  const allowed = ['src/cli/main.ts', 'src/cli/settings.ts', 'src/config.ts']
  assert.deepEqual(
    readers.filter((file) => !allowed.includes(file)),
    [],
  )
})

test('nothing is started through a shell', () => {
  const throughShell = /shell: true|execSync\(|(?<![.\w])exec\(/
  assert.match("exec('rm')", throughShell)
  assert.doesNotMatch('pattern.exec(text)', throughShell)
  assert.deepEqual(
    sources.filter((file) => throughShell.test(textOf(file))),
    [],
  )
})

test('no file is too long to be read in one go', () => {
  const all = globSync('{src,routes,db,proxy,test,bench,images,scripts}/**/*.{ts,js}', {
    cwd: ROOT,
  })
  const long = all.filter((file) => textOf(file).split('\n').length > 400)
  assert.deepEqual(long, [])
})

test('every test runs', () => {
  const tests = globSync('test/**/*.test.ts', { cwd: ROOT }).filter(
    (file) => file !== 'test/tidy.test.ts',
  )
  const idle = tests.filter((file) =>
    /\b(test|it|describe|t)\.(skip|only|todo)\b|skip: *true/.test(textOf(file)),
  )
  assert.deepEqual(idle, [])
})

test('what is checked in speaks of the project alone', () => {
  const tracked = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' })
    .trim()
    .split('\n')
  const readable = tracked.filter((file) => /\.(ts|js|json|md|html|yaml|yml)$/.test(file))
  // Written so that this file does not speak of them itself.
  const foreign = /\.\.\/share[d]|registry\.npmj[s]|\/work\/mai[n]/
  const broken = readable.filter(
    (file) => file !== 'test/tidy.test.ts' && foreign.test(textOf(file)),
  )
  assert.deepEqual(broken, [])
})
