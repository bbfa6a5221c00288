const LINE_FEED = 10

/**
 * Cuts a stream of bytes into lines of JSON. A line longer than `limitBytes` is left out whole:
 * what is read so are events and progress, of which any may be lost.
 */
export async function* jsonLines(
  chunks: AsyncIterable<Uint8Array>,
  limitBytes: number,
): AsyncGenerator<string, void, void> {
  let held: Uint8Array[] = []
  let heldBytes = 0
  for await (const chunk of chunks) {
    let rest = chunk
    for (let end = rest.indexOf(LINE_FEED); end >= 0; end = rest.indexOf(LINE_FEED)) {
      const line = Buffer.concat([...held, rest.subarray(0, end)])
      if (heldBytes + end <= limitBytes && line.length > 0) yield line.toString('utf8')
      held = []
      heldBytes = 0
      rest = rest.subarray(end + 1)
    }
    heldBytes += rest.length
    if (heldBytes <= limitBytes) held.push(rest)
    else held = []
  }
  if (heldBytes > 0 && heldBytes <= limitBytes) yield Buffer.concat(held).toString('utf8')
}
