/**
 * Makes a value once for each object, and forgets it with the object. For what is derived from rows:
 * memory holds the same frozen object for a row until it changes (`db/mirror.ts`).
 */
export function perObject<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const made = new WeakMap<K, { readonly value: V }>()
  return (key) => {
    const known = made.get(key)
    if (known) return known.value
    const value = make(key)
    made.set(key, { value })
    return value
  }
}
