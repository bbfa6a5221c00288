/** Marks of another kind, made by another version, say nothing: nobody is made anew for an upgrade. */
const KIND = '1-'

/**
 * Names what a container is made from, so that one of the same labels that was made from something else
 * is told apart. It stands against mistakes, not against whoever can write labels: that one is root.
 */
export function specMark(value: unknown): string {
  return KIND + hashOf(JSON.stringify(value, sortedKeys))
}

/** Whether two marks name different things. */
export const marksDiffer = (one: string, other: string): boolean =>
  one.startsWith(KIND) && other.startsWith(KIND) && one !== other

/** The order in which fields were written is not part of what they say. */
function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

const PRIME = 0x0100_0193
const OFFSETS = [0x811c_9dc5, 0x1234_5678]

/** FNV-1a with 32 bits over UTF-16 code units, twice, from different beginnings. */
const hashOf = (text: string): string =>
  OFFSETS.map((offset) => {
    let hash = offset
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME)
    return (hash >>> 0).toString(16).padStart(8, '0')
  }).join('')
