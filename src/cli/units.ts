import { usageError } from './exit.ts'

const SIZE = /^(\d{1,12}(?:\.\d{1,6})?)(?:([kmgt])(?:i?b)?|b)?$/i
const POWERS = ['', 'k', 'm', 'g', 't']
const DURATION = /^(\d{1,9})(ms|s|m|h|d)?$/
const SECONDS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 }

/** `256m`, `1g`: powers of 1024, because memory is cut in pages. A bare number is bytes. */
export function bytesOf(text: string, option: string): number {
  const [, amount, unit = ''] = SIZE.exec(text) ?? []
  if (amount === undefined) {
    throw usageError(`Cannot understand ${option} "${text}": a size is like 256m or 1g`)
  }
  return Math.round(Number(amount) * 1024 ** POWERS.indexOf(unit.toLowerCase()))
}

/** `500m` and `0.5` are both half a CPU. */
export function cpuMilliOf(text: string, option: string): number {
  const [, milli] = /^(\d{1,9})m$/.exec(text) ?? []
  if (milli !== undefined) return Number(milli)
  if (/^\d{1,6}(\.\d{1,3})?$/.test(text)) return Math.round(Number(text) * 1000)
  throw usageError(`Cannot understand ${option} "${text}": CPUs are like 500m or 0.5`)
}

/** `90s`, `10m`, `2h`, `1d`; a bare number is seconds. */
export function secondsOf(text: string, option: string): number {
  const [, amount, unit = 's'] = DURATION.exec(text) ?? []
  // The pattern lets only these units through.
  const factor = Object.entries(SECONDS).find(([name]) => name === unit)?.[1]
  if (amount === undefined || factor === undefined) {
    throw usageError(`Cannot understand ${option} "${text}": a time is like 90s, 10m or 2h`)
  }
  return Number(amount) * factor
}

/** A moment as the API takes it: RFC 3339, or so long ago. */
export function momentOf(text: string, option: string, now: Date): string {
  if (/^\d{4}-\d{2}-\d{2}(T|$)/.test(text) && !Number.isNaN(Date.parse(text))) {
    return new Date(text).toISOString()
  }
  return new Date(now.getTime() - secondsOf(text, option) * 1000).toISOString()
}

const RATE = /^(\d{1,9}(?:\.\d{1,3})?)([kmg])bit$/
const THOUSANDS = { k: 1e3, m: 1e6, g: 1e9 }

/** `20mbit`: bits a second, in powers of 1000, as cables have them. */
export function bitsOf(text: string, option: string): number {
  const [, amount, unit] = RATE.exec(text) ?? []
  const factor = Object.entries(THOUSANDS).find(([name]) => name === unit)?.[1]
  if (amount !== undefined && factor !== undefined) return Math.round(Number(amount) * factor)
  throw usageError(`Cannot understand ${option} "${text}": a rate is like 500kbit, 20mbit or 1gbit`)
}

export function wholeOf(text: string, option: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw usageError(`Cannot understand ${option} "${text}": a whole number is needed`)
}

export function sizeText(bytes: number): string {
  const power = Math.min(4, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  const amount = bytes / 1024 ** power
  const unit = ['B', 'KiB', 'MiB', 'GiB', 'TiB'][power] ?? 'B'
  return `${Number.isInteger(amount) ? amount : amount.toFixed(1)} ${unit}`
}

export const cpuText = (milli: number): string =>
  milli % 1000 === 0 ? `${milli / 1000}` : `${milli}m`

/** How long ago, in the largest unit that fits. */
export function ageText(time: string, now: Date): string {
  const seconds = Math.max(0, Math.floor((now.getTime() - Date.parse(time)) / 1000))
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`
  return `${Math.floor(seconds / 86_400)}d`
}

/** In the largest unit that leaves a whole number: `20mbit`. */
export function bitsText(bits: number): string {
  const units = Object.entries(THOUSANDS).toReversed()
  const [unit, factor] = units.find(([, one]) => bits % one === 0) ?? ['', 1]
  return `${bits / factor}${unit}bit`
}
