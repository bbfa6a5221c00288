import { randomBytes } from 'node:crypto'

/** Ids that no other process gives, also none of an earlier start: a random beginning, then a number. */
export function requestIds(): () => string {
  const start = randomBytes(12).toString('hex')
  let count = 0
  return () => {
    count += 1
    return `${start}-${count.toString(36)}`
  }
}
