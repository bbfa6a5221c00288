import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { z } from 'zod'
import { thisRuntime } from '../../src/supervisor/runtime.ts'
import type { Platform } from './platform.ts'
import { until } from './wait.ts'

/** `cloudlet port-forward` as a user runs it: a process of its own. */

const Facts = z.object({ local: z.string(), port: z.int() })
const STARTED_MS = 30_000

export interface Forward {
  readonly pid: number
  /** Of the first pair of ports. */
  readonly port: number
  readonly ports: readonly number[]
  /** What it has said beside its answer. */
  said(): string
  /** As Ctrl-C does. */
  end(): Promise<number | null>
}

export interface ForwardAsked {
  readonly tenant: string
  readonly apiKey: string
  readonly words: readonly string[]
}

/** Starts one; it answers once it listens. Whoever starts it ends it. */
export async function forward(platform: Platform, asked: ForwardAsked): Promise<Forward> {
  const { child, answer, said } = run(platform, asked)
  const count = asked.words.filter((word) => /^[\d:]+$/.test(word)).length
  assert.ok(count > 0, 'It is to listen')
  const lines = (): string[] =>
    answer()
      .split('\n')
      .filter((line) => line !== '')
  await until('it listens', () => lines().length >= count || child.exitCode !== null, STARTED_MS)
  assert.equal(child.exitCode, null, said())
  const ports = lines().map((line) => Number(Facts.parse(JSON.parse(line)).local.split(':').at(-1)))
  return {
    pid: child.pid ?? 0,
    port: ports[0] ?? 0,
    ports,
    said,
    async end() {
      if (child.exitCode !== null) return child.exitCode
      const ended = once(child, 'close')
      child.kill('SIGINT')
      await ended
      return child.exitCode
    },
  }
}

/** One that is not to come up: how it ends, and what it says. */
export async function refusedForward(platform: Platform, asked: ForwardAsked) {
  const { child, said } = run(platform, asked)
  await once(child, 'close')
  return { code: child.exitCode, said: said() }
}

function run({ endpoint, home }: Platform, { tenant, apiKey, words }: ForwardAsked) {
  const [program = '', ...args] = thisRuntime().command('src/cli/main.ts')
  const command = ['port-forward', '--json', '--tenant', tenant, ...words]
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    CLOUDLET_ENDPOINT: endpoint,
    CLOUDLET_API_KEY: apiKey,
  }
  const child = spawn(program, [...args, ...command], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [answer, said] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (answer += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  return { child, answer: () => answer, said: () => said }
}
