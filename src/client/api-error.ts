/** What the platform answered instead of what was asked for: RFC 9457 problem details. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  /** A failure code of the contract, or `unknown` when something else answered, e.g. a proxy. */
  readonly code: string
  readonly details: Readonly<Record<string, unknown>>
  readonly requestId: string | null
  readonly retryAfterSeconds: number | null

  constructor(message: string, facts: ApiErrorFacts) {
    super(message)
    this.status = facts.status
    this.code = facts.code
    this.details = facts.details ?? {}
    this.requestId = facts.requestId ?? null
    this.retryAfterSeconds = facts.retryAfterSeconds ?? null
  }
}

interface ApiErrorFacts {
  readonly status: number
  readonly code: string
  readonly details?: Readonly<Record<string, unknown>>
  readonly requestId?: string | null
  readonly retryAfterSeconds?: number | null
}

/** Nothing answered at the endpoint, or the connection broke before the answer was whole. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
}

/** Something answered whose certificate does not show that it is the platform; nothing was sent to it. */
export class UntrustedError extends Error {
  override readonly name = 'UntrustedError'
  /** What to do. */
  readonly hint: string

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options)
    this.hint = hint
  }
}

/** The answer did not come in time. Whether the request was carried out is not known. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'
}

/** Something answered, but not what the contract promises: another program, or another version. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError'
}

const STANDARD_MEMBERS = new Set(['type', 'status', 'title', 'detail', 'instance'])
const TYPE = /^\/problems\/([a-z][a-z0-9-]*)$/
const INSTANCE = /^urn:request:(.+)$/

/** Reads an error answer. `asked` names what was asked for, where the answer itself does not say. */
export function apiError(response: Response, text: string, asked: string): ApiError {
  const problem = document(text)
  return problemError(problem, {
    status: response.status,
    requestId: response.headers.get('x-request-id'),
    retryAfterSeconds: seconds(response.headers.get('retry-after')),
    asked,
  })
}

interface Around {
  readonly status: number
  readonly requestId: string | null
  readonly retryAfterSeconds: number | null
  readonly asked: string
}

/** Also for the error that ends a stream, which has no status line of its own. */
export function problemError(problem: Readonly<Record<string, unknown>>, around: Around): ApiError {
  const { type, status, title, detail, instance } = problem
  const code = typeof type === 'string' ? TYPE.exec(type)?.[1] : undefined
  const said = [detail, title].find((one) => typeof one === 'string' && one !== '')
  const message = `Cannot ${around.asked}: the answer was ${around.status}`
  const members = Object.entries(problem).filter(([key]) => !STANDARD_MEMBERS.has(key))
  const id = typeof instance === 'string' ? INSTANCE.exec(instance)?.[1] : undefined
  return new ApiError(typeof said === 'string' ? said : message, {
    status: typeof status === 'number' ? status : around.status,
    code: code ?? 'unknown',
    details: Object.fromEntries(members),
    requestId: around.requestId ?? id ?? null,
    retryAfterSeconds: around.retryAfterSeconds,
  })
}

/** An object, whatever was sent: what is not JSON has no members. */
function document(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : {}
  } catch {
    return {} // A page of something in between: its words are of no use to a program.
  }
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function seconds(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) : null
}
