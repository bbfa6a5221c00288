import { join } from 'node:path'
import { BootstrapError } from './failure.js'
import { pinnedRuntime } from './packages.js'

/**
 * What a mode hands over to, once the machine is ready.
 *
 * @typedef {{ root: string, mode: string, args: string[], env: NodeJS.ProcessEnv }} Asked
 * @typedef {{ command: string[], env: NodeJS.ProcessEnv } | { work: () => Promise<number> }} Entry
 */

/** @param {Asked} asked @returns {Entry} */
export function entryOf({ root, mode, args, env }) {
  const node = () => pinnedRuntime(root, 'node')
  const file = (/** @type {string} */ path) => join(root, path)
  const under = (/** @type {string} */ path) => ({ command: [node(), file(path), ...args], env })

  switch (mode) {
    case 'engine':
      return { work: async () => 0 }
    case 'start':
      return under('src/main.ts')
    default:
      throw new BootstrapError(`There is no mode "${mode}"`)
  }
}
