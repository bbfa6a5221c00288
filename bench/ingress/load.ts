import { execFile } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { quantileOf } from '../statistics.ts'

const run = promisify(execFile)
/** Requests at a time on one connection of HTTP/2. */
const STREAMS = 4

/** What a load generator is to ask, and how. */
export interface Asked {
  readonly port: number
  readonly host: string
  readonly path: string
  readonly connections: number
  readonly seconds: number
  /** Content of a POST; a GET without it. */
  readonly bodyBytes?: number | undefined
  /** A new connection for each request. */
  readonly fresh?: boolean | undefined
}

export interface Loaded {
  readonly requests: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** As many as it can take (wrk). */
export async function fullLoad(asked: Asked, folder: string, signal: AbortSignal): Promise<Loaded> {
  const { port, host, path, connections, seconds, bodyBytes, fresh } = asked
  const script = join(folder, 'post.lua')
  if (bodyBytes !== undefined) {
    writeFileSync(script, `wrk.method = "POST"\nwrk.body = string.rep("x", ${bodyBytes})\n`)
  }
  const load = `--latency --timeout 30 -t 1 -c ${connections} -d ${seconds}`.split(' ')
  const args = [
    ...load,
    '-H',
    `Host: ${host}`,
    ...(fresh === true ? ['-H', 'Connection: close'] : []),
    ...(bodyBytes === undefined ? [] : ['-s', script]),
    `http://127.0.0.1:${port}${path}`,
  ]
  const { stdout } = await run('wrk', args, { signal })
  return readWrk(stdout)
}

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 }

/** A failed request is a failed bench: what was fast and wrong is not told as fast. */
export function readWrk(text: string): Loaded {
  const trouble = /Socket errors: (.*)|Non-2xx or 3xx responses: (.*)/.exec(text)
  if (trouble) throw new Error(`Requests failed: ${trouble[0]}`)
  const requests = Number(/(\d+) requests in/.exec(text)?.[1])
  const at = (share: string): number => {
    const [, number, unit = ''] =
      new RegExp(`^\\s+${share}%\\s+([\\d.]+)([a-z]+)`, 'm').exec(text) ?? []
    return Number(number) * (UNITS[unit] ?? Number.NaN)
  }
  const loaded = { requests, p50Ms: at('50'), p99Ms: at('99') }
  if (Object.values(loaded).some((one) => Number.isNaN(one)))
    throw new Error(`Not understood: ${text}`)
  return loaded
}

/** So many a second, from when each was due to be sent (h2load). */
export async function steadyLoad(
  asked: Asked & { readonly perSecond: number },
  folder: string,
  signal: AbortSignal,
): Promise<Loaded> {
  const { port, host, path, connections, seconds, perSecond } = asked
  const log = join(folder, 'requests.tsv')
  rmSync(log, { force: true })
  const each = Math.max(1, Math.round(perSecond / connections))
  // By count: told how long, it may wait for ever for the last answers.
  const load = `--h1 -t 1 -c ${connections} -n ${each * connections * seconds} --rps ${each}`
  const url = `http://127.0.0.1:${port}${path}`
  const args = [...load.split(' '), '--log-file', log, '-H', `:authority: ${host}`, url]
  await run('h2load', args, { signal })
  return readLog(readFileSync(log, 'utf8'))
}

/** As many as it can take over TLS 1.3 (h2load). */
export async function secureLoad(
  asked: Asked & { readonly protocol: 'h1' | 'h2' },
  folder: string,
  signal: AbortSignal,
): Promise<Loaded> {
  const { port, host, path, connections, seconds, protocol } = asked
  const log = join(folder, 'requests.tsv')
  rmSync(log, { force: true })
  const how = protocol === 'h1' ? '--h1' : `-m ${STREAMS}`
  const load = `${how} -t 1 -c ${connections} -D ${seconds} --connect-to 127.0.0.1:${port}`
  // The name is what the certificate is asked for.
  const url = `https://${host}:${port}${path}`
  const args = [...load.split(' '), '--log-file', log, '-H', `:authority: ${host}`, url]
  await run('h2load', args, { signal })
  return readLog(readFileSync(log, 'utf8'))
}

/** Lines of start in microseconds, status and duration in microseconds. */
export function readLog(text: string): Loaded {
  const lines = text.trimEnd().split('\n')
  const times = lines.map((line) => {
    const [, status, microseconds] = line.split('\t')
    if (status !== '200') throw new Error(`A request failed: ${line}`)
    return Number(microseconds) / 1000
  })
  return {
    requests: times.length,
    p50Ms: quantileOf(times, 0.5),
    p99Ms: quantileOf(times, 0.99),
  }
}
