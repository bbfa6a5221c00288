import { parseArgs } from 'node:util'
import { simulate } from './simulate.ts'
import { template } from './land.ts'

/**
 * Lives through many worlds, each from its seed.
 *
 *     npm run simulate -- --seeds 500      the seeds 1 to 500
 *     npm run simulate -- --seed 17        this one, with all that happens in it
 */
const { values } = parseArgs({ options: { seeds: { type: 'string' }, seed: { type: 'string' } } })
const only = values.seed === undefined ? undefined : Number(values.seed)
const seeds =
  only === undefined ? Array.from({ length: Number(values.seeds ?? 100) }, (_, i) => i + 1) : [only]
const say = (line: string): void => void process.stdout.write(`${line}\n`)

using database = await template()
const startedMs = performance.now()
let failed = 0
for (const seed of seeds) {
  const { broken, trace } = await simulate(seed, database.copy())
  if (only !== undefined) trace.forEach(say)
  if (broken.length === 0) continue
  failed++
  say(`Seed ${seed} is broken:`)
  for (const one of broken) say(`  ${one}`)
  say(`  Replay it with: npm run simulate -- --seed ${seed}`)
}
const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
say(`${seeds.length - failed} of ${seeds.length} worlds are as they should be, in ${seconds} s`)
process.exitCode = failed > 0 ? 1 : 0
