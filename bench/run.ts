import { parseArgs } from 'node:util'
import { readSettings, thisWorld } from '../src/config.ts'
import type { BenchOptions } from './create.ts'
import { textOf, type Report } from './report.ts'

/** Measurements beside a peer: `npm run bench -- <name> [--quick]`. */

type Bench = (options: BenchOptions) => Promise<Report>

/** Each is loaded when it is asked for: with it comes most of the platform. */
const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  api: async () => (await import('./api.ts')).benchApi,
  create: async () => (await import('./create.ts')).benchCreate,
  dns: async () => (await import('./dns.ts')).benchDns,
  ingress: async () => (await import('./ingress.ts')).benchIngress,
  tunnel: async () => (await import('./tunnel.ts')).benchTunnel,
}
const DEADLINE_MS = 30 * 60_000

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const [name] = positionals
const bench = name !== undefined && Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined
if (bench) {
  const ending = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // In place of whoever ends the process at once: what the bench has made is taken away first.
    process.removeAllListeners(signal)
    process.once(signal, () => ending.abort(new Error(`Ended by ${signal}`)))
  }
  const measured = await bench()
  const report = await measured({
    quick: values.quick,
    engineSocket: readSettings(thisWorld()).CLOUDLET_ENGINE,
    signal: AbortSignal.any([ending.signal, AbortSignal.timeout(DEADLINE_MS)]),
  })
  process.stdout.write(textOf(report))
} else {
  const names = Object.keys(BENCHES).join(', ')
  const known = `Benches: ${names}. Run one with "npm run bench -- <name> [--quick]".\n`
  const isAsked = name === undefined
  process.stderr.write(isAsked ? known : `There is no bench "${name}". ${known}`)
  process.exitCode = isAsked ? 0 : 2
}
