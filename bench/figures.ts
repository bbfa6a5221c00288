import { readFileSync } from 'node:fs'

/** Of proc(5): user and system time are the 14th and 15th field, in hundredths of a second. */
const HERTZ = 100

/** What the kernel knows of a process. */
export function figuresOf(pid: number) {
  const kibOf = (name: string): number => {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1])
  }
  return {
    /** Processor time it has used so far, in seconds. */
    cpuSeconds(): number {
      const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
      return (Number(fields[11]) + Number(fields[12])) / HERTZ
    },
    residentMib: () => kibOf('Rss') / 1024,
    /** What it holds alone, and its share of what it shares with others. */
    proportionalMib: () => kibOf('Pss') / 1024,
  }
}
