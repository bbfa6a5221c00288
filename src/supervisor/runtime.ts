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

/** What a program's libraries want before they are loaded, for a quick start. */
const PRELOADS: Readonly<Record<string, string>> = { 'src/control-plane.ts': 'db/preload.ts' }

export function thisRuntime(): Runtime {
  const kind = 'Deno' in globalThis ? 'deno' : 'node'
  return {
    kind,
    command: (program, argument) => [
      process.execPath,
      ...(kind === 'deno' ? DENO_FLAGS : preloadOf(program)),
      join(ROOT, program),
      ...(argument ? [JSON.stringify(argument)] : []),
    ],
  }
}

function preloadOf(program: string): string[] {
  const preload = PRELOADS[program]
  return preload === undefined ? [] : ['--import', join(ROOT, preload)]
}
