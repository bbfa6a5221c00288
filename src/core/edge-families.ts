import type { MetricFamily } from '../contract/edge-metrics.ts'
import type { RoleTotals, Row } from './edge-totals.ts'
import { DURATION_BOUNDS_MS, QUESTION, RCODES, REQUEST } from './request-meter.ts'

type Sample = MetricFamily['samples'][number]
type Labels = Readonly<Record<string, string>>

interface Counted {
  readonly name: string
  readonly help: string
  /** Place of the number. */
  readonly at: number
}

const REQUESTS: readonly Counted[] = [
  {
    name: 'cloudlet_ingress_aborted_total',
    help: 'Requests that were cut before the end of their answers',
    at: REQUEST.aborted,
  },
  {
    name: 'cloudlet_ingress_request_bytes_total',
    help: 'Bytes of contents of requests, without heads',
    at: REQUEST.requestBytes,
  },
  {
    name: 'cloudlet_ingress_response_bytes_total',
    help: 'Bytes of contents of answers, without heads',
    at: REQUEST.answerBytes,
  },
  {
    name: 'cloudlet_ingress_connect_failures_total',
    help: 'Connections to containers that failed',
    at: REQUEST.connectFailures,
  },
  {
    name: 'cloudlet_ingress_retries_total',
    help: 'Requests that were sent again, to another connection',
    at: REQUEST.retries,
  },
  {
    name: 'cloudlet_ingress_held_total',
    help: 'Requests that waited for a container to come up',
    at: REQUEST.held,
  },
  {
    name: 'cloudlet_ingress_queued_total',
    help: 'Requests that waited for a container with room for them',
    at: REQUEST.queued,
  },
]

const ANSWER_CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx']

/** What is counted of requests, by tenant and app; both are empty where the host is nobody's. */
export function requestFamilies(rows: readonly Row[]): readonly MetricFamily[] {
  const answers = 'cloudlet_ingress_requests_total'
  const samples = rows.flatMap((row) =>
    ANSWER_CLASSES.map((code, i) =>
      sampleOf(answers, { ...labelsOf(row), code }, row.numbers[REQUEST.answers + i]),
    ),
  )
  const help = 'Requests that have been answered, by the class of the answer'
  const simple = REQUESTS.map((one) => familyOf(one, rows, labelsOf))
  return [{ name: answers, type: 'counter', help, samples }, durations(rows), ...simple]
}

function durations(rows: readonly Row[]): MetricFamily {
  const name = 'cloudlet_ingress_request_duration_seconds'
  const samples = rows.flatMap((row) => {
    const labels = labelsOf(row)
    let sum = 0
    const buckets = [...DURATION_BOUNDS_MS, Infinity].map((bound, i) => {
      sum += row.numbers[REQUEST.durations + i] ?? 0
      const le = bound === Infinity ? '+Inf' : String(bound / 1000)
      return sampleOf(`${name}_bucket`, { ...labels, le }, sum)
    })
    const seconds = (row.numbers[REQUEST.durationMs] ?? 0) / 1000
    return [
      ...buckets,
      sampleOf(`${name}_sum`, labels, seconds),
      sampleOf(`${name}_count`, labels, sum),
    ]
  })
  const help =
    'From the head of a request to the end of its answer; of a WebSocket to its beginning'
  return { name, type: 'histogram', help, samples }
}

const QUESTIONS: readonly Counted[] = [
  { name: 'cloudlet_dns_questions_total', help: 'Questions for names', at: QUESTION.questions },
  {
    name: 'cloudlet_dns_forwarded_total',
    help: 'Questions for names of others',
    at: QUESTION.forwarded,
  },
  {
    name: 'cloudlet_dns_cache_hits_total',
    help: 'Of the forwarded, answered from what was known',
    at: QUESTION.cacheHits,
  },
  {
    name: 'cloudlet_dns_cache_misses_total',
    help: 'Of the forwarded, of which others had to be asked',
    at: QUESTION.cacheMisses,
  },
  {
    name: 'cloudlet_dns_unanswered_total',
    help: 'Of these, answered by nobody in time',
    at: QUESTION.unanswered,
  },
]

/** What is counted of questions, by the tenant of whoever asks; empty: the host, or nobody known. */
export function questionFamilies(rows: readonly Row[]): readonly MetricFamily[] {
  const name = 'cloudlet_dns_answers_total'
  const samples = rows.flatMap(({ tenant, numbers }) =>
    RCODES.map((rcode, i) => sampleOf(name, { tenant, rcode }, numbers[QUESTION.answers + i])),
  )
  const help = 'Answers to questions, by their code'
  const simple = QUESTIONS.map((one) => familyOf(one, rows, ({ tenant }) => ({ tenant })))
  return [...simple, { name, type: 'counter', help, samples }]
}

/** What processes say of themselves: a metric for each number there is. */
export function processFamilies(roles: readonly RoleTotals[]): readonly MetricFamily[] {
  const up = 'cloudlet_edge_processes'
  const running = roles.map(({ role, processes }) => sampleOf(up, { process: role }, processes))
  const help = 'Processes that have said what they count, those that drain among them'
  return [
    { name: up, type: 'gauge', help, samples: running },
    ...ofProcesses(roles, 'sums', { suffix: '_total', type: 'counter', help: 'So far: ' }),
    ...ofProcesses(roles, 'now', { suffix: '', type: 'gauge', help: 'At the moment: ' }),
  ]
}

interface Shape {
  readonly suffix: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
}

function ofProcesses(
  roles: readonly RoleTotals[],
  part: 'now' | 'sums',
  { suffix, type, help }: Shape,
): readonly MetricFamily[] {
  const families = new Map<string, { help: string; samples: Sample[] }>()
  for (const { role, [part]: numbers } of roles) {
    for (const [word, value] of Object.entries(numbers)) {
      const of = role === 'dns' ? 'cloudlet_dns_process' : 'cloudlet_ingress_process'
      const name = `${of}_${snake(word)}${suffix}`
      const family = families.get(name) ?? { help: help + WORDS[word], samples: [] }
      family.samples.push(sampleOf(name, { process: role }, value))
      families.set(name, family)
    }
  }
  return [...families].map(([name, family]) => ({ name, type, ...family }))
}

/** What the numbers of a process are. */
const WORDS: Readonly<Record<string, string>> = {
  aborted: 'requests that were cut',
  answered: 'questions answered by ourselves',
  cacheAnswers: 'answers of others that are kept',
  cacheBytes: 'bytes of these',
  cached: 'questions answered from what was kept',
  connections: 'connections',
  down: 'resolvers that do not answer',
  dropped: 'packets that were no questions',
  failed: 'forwarded questions without an answer',
  filtered: 'addresses left out of answers of others',
  forwarded: 'questions for names of others',
  held: 'requests that wait',
  inFlight: 'questions under way to resolvers',
  limited: 'questions not passed on, being too many',
  looping: 'resolvers that would ask us in turn',
  merged: 'questions asked while they were under way',
  open: 'connections that are open',
  queries: 'questions',
  refused: 'what was no valid request or question',
  requests: 'requests',
  retries: 'requests that were sent again',
  stale: 'questions answered with what was old',
  transfers: 'transfers of a zone',
  troubles: 'answers of the ingress itself',
  tunnels: 'tunnels and WebSockets',
  upstreamOpened: 'connections to containers that were opened',
  upstreamReused: 'and those that were used again',
}

const snake = (word: string): string =>
  word.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** What is of a route is of no single app. */
const labelsOf = ({ tenant, app }: Row): Labels =>
  app.startsWith(ROUTE)
    ? { tenant, route: app.slice(ROUTE.length) }
    : { tenant, app: app.endsWith(`.${tenant}`) ? app.slice(0, -tenant.length - 1) : app }

const ROUTE = 'route/'

const familyOf = (
  { name, help, at }: Counted,
  rows: readonly Row[],
  labels: (row: Row) => Labels,
): MetricFamily => ({
  name,
  type: 'counter',
  help,
  samples: rows.map((row) => sampleOf(name, labels(row), row.numbers[at])),
})

const sampleOf = (name: string, labels: Labels, value = 0): Sample => ({
  name,
  labels: { ...labels },
  value,
})
