import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'

/** Where the bootstrap puts the tools that are written in Python. */
const PYTHON_TOOLS = join(import.meta.dirname, '../../tmp/python')
const START = 'from schemathesis.cli import schemathesis; schemathesis()'
/** Over the whole run's own bound: the time in which Python starts and reports. */
const LONGEST_MS = 110_000
const LONGEST_OUTPUT_BYTES = 64 * 1024 * 1024

/**
 * What is not held against the API, each with its reason. Everything else that schemathesis knows is.
 */
const LEFT_OUT_CHECKS = [
  // A schema cannot say that a name is taken, a tag is stale or an image unknown.
  'positive_data_acceptance',
]

const Document = z.looseObject({
  paths: z.record(
    z.string(),
    z.record(z.string(), z.looseObject({ parameters: z.array(z.looseObject({})).optional() })),
  ),
})

/** Parameters that are not sent, each with its reason. */
const LEFT_OUT_PARAMETERS: readonly ((parameter: Readonly<Record<string, unknown>>) => boolean)[] =
  [
    // A key made up from the schema is soon that of another request, and then nothing is tried at all.
    ({ $ref }) => $ref === '#/components/parameters/Idempotency-Key',
    // Made up, it would be nobody's: `trimmed` puts the one in that is there.
    ({ name, in: place }) => name === 'tenant' && place === 'path',
    // A log that is followed does not end.
    ({ name }) => name === 'follow',
  ]

export interface Tried {
  readonly endpoint: string
  readonly token: string
  /** Stands in every path that names one. */
  readonly tenant: string
  readonly phases: string
  readonly seconds: number
  /** Only operations whose path has this in it. */
  readonly within: string
}

/** Tries the API against its own document; answers what was said, and how many cases there were. */
export async function schemathesis(tried: Tried): Promise<{ cases: number; said: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-schemathesis-'))
  try {
    const answer = await fetch(`${tried.endpoint}/v1/openapi.json`)
    const file = join(folder, 'openapi.json')
    const document = trimmed(Document.parse(await answer.json()), tried.tenant)
    writeFileSync(file, JSON.stringify(document))
    const { status, said } = await python(folder, ['run', file, ...runFlags(tried)])
    assert.equal(status, 0, said)
    return { cases: Number(/(\d+) generated/.exec(said)?.[1] ?? 0), said }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const runFlags = ({ endpoint, token, phases, seconds, within }: Tried): string[] =>
  Object.entries({
    '--url': endpoint,
    '--header': `Authorization: Bearer ${token}`,
    '--phases': phases,
    '--max-time': String(seconds),
    '--include-path-regex': within,
    '--checks': 'all',
    '--exclude-checks': LEFT_OUT_CHECKS.join(','),
    // What a slow machine or a schema with many bounds makes slow to invent is no fault of the API.
    '--suppress-health-check': 'all',
    '--request-timeout': '30',
    '--seed': '1',
    '--workers': '1',
  })
    .flat()
    .concat('--continue-on-failure', '--no-color')

/** The document of one tenant's API: without what is left out, and with the tenant where it is named. */
function trimmed({ paths, ...rest }: z.infer<typeof Document>, tenant: string): object {
  for (const operation of Object.values(paths).flatMap((path) => Object.values(path))) {
    operation.parameters = operation.parameters?.filter(
      (parameter) => !LEFT_OUT_PARAMETERS.some((isLeftOut) => isLeftOut(parameter)),
    )
  }
  const own = Object.entries(paths).map(([path, operations]) => [
    path.replace('{tenant}', tenant),
    operations,
  ])
  return { ...rest, paths: Object.fromEntries(own) }
}

/** In a folder that goes with it: schemathesis writes down there what it found. */
function python(cwd: string, args: readonly string[]): Promise<{ status: number; said: string }> {
  const env = { ...process.env, PYTHONPATH: PYTHON_TOOLS, PYTHONUNBUFFERED: '1' }
  const options = { cwd, env, timeout: LONGEST_MS, maxBuffer: LONGEST_OUTPUT_BYTES }
  return new Promise((resolve) => {
    const child = execFile('python3', ['-c', START, ...args], options, (_error, stdout, stderr) =>
      resolve({ status: child.exitCode ?? 1, said: stdout + stderr }),
    )
  })
}
