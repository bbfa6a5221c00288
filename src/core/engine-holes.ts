/** A part of the engine whose version can be told. */
export type EnginePart = 'engine' | 'runc'

export interface Hole {
  readonly id: string
  readonly part: EnginePart
  /** The first bad version, where the first of all was good. */
  readonly since?: string
  /** The first good version of each line that was mended; lines between them were not. */
  readonly fixed: readonly string[]
  readonly what: string
}

/** Known ways out of a container, or round its walls, that an operator closes by an update. */
export const HOLES: readonly Hole[] = [
  {
    id: 'CVE-2024-21626',
    part: 'runc',
    fixed: ['1.1.12'],
    what: 'a container can get at the file system of the host',
  },
  ...['CVE-2025-31133', 'CVE-2025-52565', 'CVE-2025-52881'].map((id): Hole => ({
    id,
    part: 'runc',
    fixed: ['1.2.8', '1.3.3', '1.4.0'],
    what: 'a container can write where the kernel is configured',
  })),
  {
    id: 'CVE-2026-41579',
    part: 'runc',
    fixed: ['1.3.6', '1.4.3', '1.5.0'],
    what: 'an image whose /dev is a link can touch a little of the file system of the host',
  },
  {
    id: 'CVE-2024-29018',
    part: 'engine',
    fixed: ['23.0.11', '25.0.5', '26.0.0'],
    what: 'questions for names leave networks that are closed',
  },
  ...(
    [
      ['CVE-2024-41110', ['23.0.15', '25.0.6', '26.1.5', '27.1.1']],
      ['CVE-2026-34040', ['29.3.1']],
    ] as const
  ).map(([id, fixed]): Hole => ({
    id,
    part: 'engine',
    fixed,
    what: 'a plug-in that authorises requests does not see their bodies; Cloudlet uses none',
  })),
  {
    id: 'CVE-2025-54410',
    part: 'engine',
    fixed: ['25.0.13', '28.0.0'],
    what: 'a reload of firewalld opens networks to each other',
  },
  {
    id: 'CVE-2025-54388',
    part: 'engine',
    since: '28.2.0',
    fixed: ['28.3.3'],
    what: 'a reload of firewalld opens ports that are published on 127.0.0.1 to neighbours',
  },
  {
    id: 'CVE-2026-41567',
    part: 'engine',
    fixed: ['29.5.1'],
    what: 'an archive put into a container can run a program of it as root of the host',
  },
  ...['CVE-2026-41568', 'CVE-2026-42306'].map((id): Hole => ({
    id,
    part: 'engine',
    fixed: ['29.5.1'],
    what: 'whoever copies files into a container can be led to write to the host; Cloudlet copies none',
  })),
]

/** What a part of this version has; undefined where the version says nothing. */
export function holesOf(part: EnginePart, version: string): readonly Hole[] | undefined {
  const numbers = numbersOf(version)
  if (!numbers) return undefined
  return HOLES.filter(
    ({ part: of, since, fixed }) =>
      of === part && !isBefore(numbers, since) && !isMended(numbers, fixed),
  )
}

/** A distribution mends under the old number, so the number alone proves nothing there. */
export const isDistributionBuild = (version: string): boolean =>
  /[+~-](?:dfsg|ds|deb|\d*ubuntu)/.test(version)

export type Numbers = readonly [major: number, minor: number, patch: number]

export function numbersOf(version: string): Numbers | undefined {
  const [, major, minor, patch] = /^v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?/.exec(version) ?? []
  if (major === undefined || minor === undefined) return undefined
  return [Number(major), Number(minor), Number(patch ?? 0)]
}

function isMended(version: Numbers, fixed: readonly string[]): boolean {
  return fixed.some((text, index) => {
    const good = numbersOf(text)
    if (!good) return false
    const isSameLine = good[0] === version[0] && good[1] === version[1]
    // Every line after the last that was mended is good from its first version on.
    const isLast = index === fixed.length - 1
    return (isSameLine || isLast) && compared(version, good) >= 0
  })
}

const isBefore = (version: Numbers, since: string | undefined): boolean => {
  const first = since === undefined ? undefined : numbersOf(since)
  return first !== undefined && olderThan(version, first)
}

export const olderThan = (one: Numbers, other: Numbers): boolean => compared(one, other) < 0

const compared = (a: Numbers, b: Numbers): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
