import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { quantileOf } from '../statistics.ts'

const run = promisify(execFile)

/** What dnsperf is to ask, and of whom. */
export interface Asked {
  readonly port: number
  /** Lines of a name and a type, asked in turn and again from the first. */
  readonly questions: string
  readonly seconds: number
  /** At this rate, and each answer's time is noted. Absent: as many as it can take. */
  readonly perSecond?: number
}

export interface Loaded {
  readonly answers: number
  readonly lost: number
  readonly seconds: number
  /** Only where a rate was given. */
  readonly p50Ms: number | null
  readonly p99Ms: number | null
}

/** Four clients from one thread, and so many questions under way at most. */
const CLIENTS = '-c 4 -T 1 -q 64 -t 2'
/** A line for each answer, at a rate that a server holds for some seconds. */
const OUTPUT_BYTES_MAX = 256 * 1024 * 1024

export async function askedOf(asked: Asked, rcode: string, signal: AbortSignal): Promise<Loaded> {
  const { port, questions, seconds, perSecond } = asked
  const rate = perSecond === undefined ? [] : ['-v', '-Q', String(Math.round(perSecond))]
  const args = [...`-s 127.0.0.1 -p ${port} -l ${seconds} ${CLIENTS} -d`.split(' '), questions]
  const { stdout } = await run('dnsperf', [...args, ...rate], {
    signal,
    maxBuffer: OUTPUT_BYTES_MAX,
  })
  return readDnsperf(stdout, rcode)
}

/** Another response code than the expected one fails the bench: what is fast and wrong is not told as fast. */
export function readDnsperf(text: string, rcode: string): Loaded {
  const numberOf = (name: string): number => {
    const found = new RegExp(`^  ${name}: +([\\d.]+)`, 'm').exec(text)?.[1]
    if (found === undefined) throw new Error(`Not understood: ${text.slice(-2000)}`)
    return Number(found)
  }
  const answers = numberOf('Queries completed')
  const codes = /^ {2}Response codes: +(.*)$/m.exec(text)?.[1] ?? ''
  if (codes !== `${rcode} ${answers} (100.00%)`) throw new Error(`Answered ${codes}`)
  const times = [...text.matchAll(/^> \S+ \S+ \S+ ([\d.]+)$/gm)].map(([, at]) => Number(at) * 1000)
  return {
    answers,
    lost: numberOf('Queries lost'),
    seconds: numberOf('Run time \\(s\\)'),
    p50Ms: times.length === 0 ? null : quantileOf(times, 0.5),
    p99Ms: times.length === 0 ? null : quantileOf(times, 0.99),
  }
}
