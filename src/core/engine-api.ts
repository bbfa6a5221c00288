/** Versions of the engine's API that Cloudlet speaks: the oldest that has what it needs, the newest it was tried with. */
export const API_OLDEST = '1.41'
export const API_NEWEST = '1.56'

/** What an engine says of itself; `1.56`, or empty where it does not say. */
export interface ApiRange {
  readonly newest: string
  readonly oldest: string
}

export type SpokenApi =
  | { readonly ok: true; readonly version: string }
  | { readonly ok: false; readonly reason: string; readonly todo: string }

/** The newest version that both sides speak, or why there is none and what helps. */
export function spokenApi({ newest, oldest }: ApiRange): SpokenApi {
  if (!isApiVersion(newest)) {
    const reason = 'it does not say which API it speaks'
    return { ok: false, reason, todo: 'Use a Docker Engine, 20.10 or later' }
  }
  if (apiBefore(newest, API_OLDEST)) {
    const reason = `it speaks API ${newest} at most, and Cloudlet needs ${API_OLDEST}`
    return { ok: false, reason, todo: 'Update the engine to Docker 20.10 or later' }
  }
  if (isApiVersion(oldest) && apiBefore(API_NEWEST, oldest)) {
    const reason = `it speaks API ${oldest} at least, and Cloudlet ${API_NEWEST} at most`
    return { ok: false, reason, todo: 'Update Cloudlet' }
  }
  return { ok: true, version: apiBefore(newest, API_NEWEST) ? newest : API_NEWEST }
}

/** Whether one version is older than another. They are two numbers each, not a fraction: 1.9 is before 1.10. */
export function apiBefore(one: string, other: string): boolean {
  const [a, b] = [numbersOf(one), numbersOf(other)]
  return a[0] !== b[0] ? a[0] < b[0] : a[1] < b[1]
}

const isApiVersion = (text: string): boolean => /^\d{1,4}\.\d{1,4}$/.test(text)

function numbersOf(version: string): readonly [major: number, minor: number] {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return [major, minor]
}
