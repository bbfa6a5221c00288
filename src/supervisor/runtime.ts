import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** How a further process of ours is started: by the same runtime as this one, by its path. */
export interface Runtime {
  readonly kind: 'node' | 'deno'
  command(program: string, argument?: object): readonly string[]
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DENO_FLAGS = [
  'run',
  '-A',
  '--no-check',
  '--quiet',
  '--node-modules-dir=manual',
  '--unstable-net',
]

const CONTROL_PLANE = 'src/control-plane.ts'
/**
 * Before its libraries are loaded, for a quick start; and a small nursery. What a request leaves behind
 * is little and soon gone, and a nursery that may grow to its usual 16 MiB three times over is memory
 * that is never given back: with 2 MiB a request costs the same.
 */
const CONTROL_PLANE_FLAGS = [
  '--import',
  join(ROOT, 'db/preload.ts'),
  '--max-semi-space-size=2',
] as const

export function thisRuntime(): Runtime {
  const kind = 'Deno' in globalThis ? 'deno' : 'node'
  return {
    kind,
    command: (program, argument) => [
      process.execPath,
      ...(kind === 'deno' ? DENO_FLAGS : flagsOf(program)),
      join(ROOT, program),
      ...(argument ? [JSON.stringify(argument)] : []),
    ],
  }
}

const EDGE = 'src/edge.ts'
/** The same for what passes by: half the memory, and a request costs no more. */
const EDGE_FLAGS = ['--max-semi-space-size=2'] as const

/** Those of Node; Deno takes none of them. */
export function flagsOf(program: string): readonly string[] {
  if (program === EDGE) return EDGE_FLAGS
  return program === CONTROL_PLANE ? CONTROL_PLANE_FLAGS : []
}
