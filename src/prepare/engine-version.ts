import { z } from 'zod'
import { spokenApi } from '../core/engine-api.ts'
import { engineAnswer } from './engine-answer.ts'
import { PrepareError } from './error.ts'

const Version = z.object({ ApiVersion: z.string(), MinAPIVersion: z.string().default('') })

/**
 * Refuses an engine with which nothing can be spoken, before anybody waits for it. One that is away, or not
 * itself yet, is no reason not to start: it is asked again for as long as the platform runs.
 */
export async function seeEngineSpeaks(socketPath: string): Promise<void> {
  const said = await engineAnswer(socketPath, '/version').then(parsed, () => undefined)
  const version = Version.safeParse(said)
  if (!version.success) return
  const { ApiVersion: newest, MinAPIVersion: oldest } = version.data
  const spoken = spokenApi({ newest, oldest })
  if (spoken.ok) return
  throw new PrepareError(`Cannot use the engine on ${socketPath}: ${spoken.reason}. ${spoken.todo}`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Some proxy, or an engine that is about to be one.
    return undefined
  }
}
