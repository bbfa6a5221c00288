import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { DefaultRoutes } from '../ports/default-routes.ts'

const DEADLINE_MS = 5_000

/**
 * By ip(8) in the container's network namespace, named by the engine's own file of it: a process number could be
 * another's by now. An engine in a mount namespace of its own has the file out of our sight; such a one is told by
 * `GwPriority`.
 */
export const namespaceRoutes: DefaultRoutes = {
  async set(netns, gateway, signal) {
    if (!existsSync(netns)) return
    const words = [`--net=${netns}`, 'ip', '-4', 'route', 'replace', 'default', 'via', gateway]
    await run(words, AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]))
  },
}

function run(words: readonly string[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('nsenter', words, { signal, stdio: ['ignore', 'ignore', 'pipe'] })
    let complained = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complained = (complained + text).slice(0, 4096)
    })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`Cannot set the default route: ${complained.trim()}`))
    })
  })
}
