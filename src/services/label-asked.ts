/** `key`, or `key=value`, of which the value may hold further equals signs. */
export function labelAsked(wanted: string | undefined) {
  if (wanted === undefined) return undefined
  const [key = '', value] = wanted.split(/=(.*)/s)
  return { key, value }
}
