import type { z } from 'zod'
import type { PlacedContainer } from '../../db/queries/containers.ts'
import { Container } from '../contract/containers.ts'
import { finished, type Finished } from '../contract/finished.ts'
import { containerOf, healthNow, isChecked, type Surroundings } from './container-view.ts'

export type ContainerAnswer = Finished<z.input<typeof Container>>

interface Made {
  readonly health: Container['health']
  /** Known here, so that the spec need not be read again to know the health. */
  readonly checked: boolean
  readonly answer: ContainerAnswer
}

/**
 * Containers as finished answers. Memory holds the same object for a container until its row changes
 * (`db/mirror.ts`), so an answer is made anew when that object is another one, or the health is; and
 * it is forgotten with the object.
 */
export function containerAnswers(around: Surroundings) {
  const made = new WeakMap<PlacedContainer, Made>()
  return (placed: PlacedContainer): ContainerAnswer => {
    const known = made.get(placed)
    if (known && healthNow(placed, known.checked, around) === known.health) return known.answer
    const container = containerOf(placed, around)
    const { health, spec } = container
    const answer = finished(Container, container)
    made.set(placed, { health, checked: isChecked(placed, spec), answer })
    return answer
  }
}
