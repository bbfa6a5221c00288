import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { NO_TOTALS, type KeptTotals } from '../core/edge-totals.ts'

/** Sums in a file, replaced as a whole. One that cannot be read is none: what is counted begins from nothing. */
export function keptTotals(path: string) {
  let writing = Promise.resolve()

  async function write(totals: KeptTotals): Promise<void> {
    await writeFile(`${path}.new`, JSON.stringify(totals), { mode: 0o600 })
    await rename(`${path}.new`, path)
  }

  return {
    last: read(path),
    /** One after the other, or what was there before could win. */
    keep(totals: KeptTotals): Promise<void> {
      const next = writing.then(() => write(totals))
      writing = next.catch(() => undefined)
      return next
    },
  }
}

function read(path: string): KeptTotals {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by `keep` alone
    const found = JSON.parse(readFileSync(path, 'utf8')) as Partial<KeptTotals>
    return { ...NO_TOTALS, ...found }
  } catch {
    // There is none before the first time; one that is broken is worth no more.
    return NO_TOTALS
  }
}
