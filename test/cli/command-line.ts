import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../../src/cli/run.ts'
import type { Output, World } from '../../src/cli/world.ts'
import { fakePlatform, type FakePlatform, type Handler } from './fake-platform.ts'

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Around {
  readonly env?: Record<string, string | undefined>
  /** What is piped in; with a terminal, what is typed, one line an answer. */
  readonly stdin?: string
  readonly isTty?: boolean
  readonly columns?: number
  readonly signal?: AbortSignal
  readonly now?: () => Date
  /** Told of what is written to stdout, as it is written. */
  readonly heard?: (text: string) => void
}

/** A platform, and a user of it with an empty home and an API key in the environment. */
export class Desk implements AsyncDisposable {
  readonly platform: FakePlatform
  readonly home: string

  constructor(platform: FakePlatform, home: string) {
    this.platform = platform
    this.home = home
  }

  /** Types a command as a user whose key is in the environment. */
  type(line: string, around: Around = {}): Promise<Ended> {
    const env = {
      CLOUDLET_ENDPOINT: this.platform.endpoint,
      CLOUDLET_API_KEY: 'an-api-key',
      CLOUDLET_TENANT: 'demo',
      ...around.env,
    }
    return this.typeAlone(line.split(' '), { ...around, env })
  }

  /** The same with nothing in the environment but what the test says. */
  async typeAlone(argv: readonly string[], around: Around = {}): Promise<Ended> {
    const texts = { stdout: '', stderr: '' }
    const typed = (around.stdin ?? '').split('\n')
    const output = (name: 'stderr' | 'stdout'): Output => ({
      isTty: around.isTty ?? false,
      columns: around.columns ?? 80,
      write: async (text) => {
        texts[name] += text
        if (name === 'stdout') around.heard?.(text)
      },
    })
    let ids = 0
    const world: World = {
      stdout: output('stdout'),
      stderr: output('stderr'),
      stdin: {
        isTty: around.isTty ?? false,
        ask: async () => typed.shift() ?? '',
        all: async () => around.stdin ?? '',
      },
      env: around.env ?? {},
      home: this.home,
      isRoot: false,
      fetch: (url, init) => fetch(url, init),
      // It would change this whole process: `trust.test.ts` has one of its own.
      trusting: () => ({ fetch, authorities: async () => [] }),
      now: around.now ?? (() => new Date()),
      newId: () => `id${++ids}`.padEnd(16, '0'),
      signal: around.signal ?? new AbortController().signal,
      runHere: async () => 0,
    }
    const code = await run(argv, world)
    return { code, ...texts }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.platform[Symbol.asyncDispose]()
    await rm(this.home, { recursive: true, force: true })
  }
}

export async function desk(handlers: Record<string, Handler> = {}): Promise<Desk> {
  const home = await mkdtemp(join(tmpdir(), 'cloudlet-cli-'))
  return new Desk(await fakePlatform(handlers), home)
}
