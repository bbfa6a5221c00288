import { registerHooks } from 'node:module'

/**
 * Loaded before the program (`node --import`). To learn whether a file is a module Node reads the
 * package.json above it, and for each file anew; drizzle-orm's has 180 KB, which cost half a second and
 * 50 MB of a start. Its files say themselves which other files they mean, and all of them are modules.
 */
const DRIZZLE = '/node_modules/drizzle-orm/'

registerHooks({
  resolve(specifier, context, next) {
    const { parentURL } = context
    if (!specifier.startsWith('.') || parentURL?.includes(DRIZZLE) !== true) {
      return next(specifier, context)
    }
    return { url: new URL(specifier, parentURL).href, format: 'module', shortCircuit: true }
  },
})
