const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:]/g

/**
 * A name that an object of a JSON text has twice. Parsers differ in which of the two counts, so that what
 * one has checked another may read otherwise (RFC 8259 §4). The text must be JSON.
 */
export function repeatedName(text: string): string | undefined {
  const open: Set<string>[] = []
  let last = ''
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') open.push(new Set())
    else if (token === '}' || token === ']') open.pop()
    else if (token !== ':') last = token
    else {
      // A name can be written in several ways: only what it says counts.
      const name = String(JSON.parse(last))
      const names = open.at(-1)
      if (names?.has(name)) return name
      names?.add(name)
    }
  }
  return undefined
}
