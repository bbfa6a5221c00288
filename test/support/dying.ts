import { until, type World } from './world.ts'

/**
 * Lives once, dies at the point, and lives again on the same disk and engine. Dead is dead: nothing
 * that was under way goes on. Answers what the act was answered.
 */
export async function dyingAt<T>(at: World, point: string, act: () => Promise<T>): Promise<T> {
  let died = false
  await at.reborn((passed) => {
    if (died) throw new Error('it is dead')
    if (passed !== point) return
    died = true
    void at.control.loop.stop()
    throw new Error(`died at ${point}`)
  })
  await at.begin()
  const done = await act()
  await until(`it dies at ${point}`, () => died)
  await at.reborn()
  await at.begin()
  return done
}
