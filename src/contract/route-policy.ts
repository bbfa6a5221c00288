import { z } from 'zod'
import { isHostName } from '../core/host-names.ts'
import { ipRange } from '../core/ip-address.ts'
import { headerObjection, isHeaderValue } from '../core/route-headers.ts'
import { Name } from './names.ts'

/**
 * Segments without `.`, `..` and empty ones, and no slash at the end. Encoded is only what has to be: an encoded
 * letter would be a second way to write the same path, and an encoded slash, backslash or NUL takes no request.
 */
const PATH =
  /^\/$|^(\/(?!\.{1,2}(\/|$))([A-Za-z0-9._~!$&'()*+,;=:@-]|%(?!00|2[DEF]|3\d|4[1-9A-F]|5[\dACF]|6[1-9A-F]|7[\dAE])[0-9A-F]{2})+)+$/
export const Path = z
  .string()
  .max(1024)
  .regex(PATH, 'a path such as `/api`, without a slash at its end')
export const Host = z.string().max(253).refine(isHostName, 'a host name in lower case')
const MOST_FIELDS = 32

/** Of a field that a route reads. */
export const FieldName = z
  .string()
  .max(128)
  .regex(/^[!#$%&'*+.^_`|~0-9a-z-]+$/, 'a name of a field in lower case')
export const FieldValue = z
  .string()
  .max(4096)
  .refine(isHeaderValue, 'one line of visible characters')

type Issues = Pick<z.RefinementCtx, 'addIssue'>
function refuseFixed(context: Issues, name: string, path: string[]): void {
  const why = headerObjection(name)
  if (why === null) return
  context.addIssue({ code: 'custom', path, message: `"${name}" cannot be changed: ${why}` })
}

const ChangedField = z
  .string()
  .max(128)
  .superRefine((name, context) => refuseFixed(context, name, []))
const ChangedFields = z
  .record(z.string().max(128), FieldValue)
  .refine((all) => Object.keys(all).length <= MOST_FIELDS, `at most ${MOST_FIELDS} fields`)
  // Not of its keys: of these it would only say that one is wrong.
  .superRefine((all, context) => {
    for (const name of Object.keys(all)) refuseFixed(context, name, [name])
  })
const HeaderChange = z.strictObject({
  remove: z.array(ChangedField).max(MOST_FIELDS).optional(),
  set: ChangedFields.optional().describe('In place of what there was'),
  add: ChangedFields.optional().describe('Beside what there is'),
})

const PathChange = z.strictObject({
  kind: z.enum(['prefix', 'full']).describe('In place of the matched prefix, or of the whole path'),
  value: Path,
})
const Range = z
  .string()
  .max(49)
  .refine((text) => ipRange(text) !== null, 'a range such as `203.0.113.0/24` or `2001:db8::/32`')
const Origin = z
  .string()
  .max(300)
  .regex(
    /^(\*|https?:\/\/[a-z0-9.-]+(:\d{1,5})?)$/,
    '`*`, or an origin such as `https://example.org`',
  )
const Cookie = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9_-]+$/, 'letters, digits, `_` and `-`')
export const Method = z
  .string()
  .max(24)
  .regex(/^[A-Z]+$/, 'a method in capitals')
const Percent = z.int().min(0).max(100)
const Line = z.string().max(500).refine(isHeaderValue, 'one line of visible characters')

const Cors = z.strictObject({
  origins: z.array(Origin).min(1).max(32),
  methods: z.array(Method).max(16).default(['GET', 'HEAD', 'POST']),
  headers: z.array(FieldName).max(MOST_FIELDS).default([]),
  expose: z.array(FieldName).max(MOST_FIELDS).default([]),
  credentials: z.boolean().default(false),
  maxAgeSeconds: z.int().min(0).max(86_400).default(600),
})
const Balance = z.strictObject({
  kind: z.enum(['round-robin', 'least-requests', 'two-choices', 'hash']).default('round-robin'),
  on: FieldName.optional().describe("For `hash`: `address` of the client, or a field's name"),
  maxRequests: z.int().min(1).max(10_000).optional().describe('Of one container at once'),
  queue: z.int().min(0).max(10_000).optional().describe('Requests that may wait for one'),
  queueSeconds: z.int().min(1).max(60).optional().describe('For so long each'),
  slowStartSeconds: z
    .int()
    .min(1)
    .max(600)
    .optional()
    .describe('Until a container that has come back gets its full share'),
})

/** All but the users of basic auth, which are asked for and shown differently. */
const PARTS = {
  maintenance: z
    .strictObject({
      message: Line.default('Under maintenance'),
      retryAfterSeconds: z.int().min(0).max(86_400).default(60),
    })
    .describe('Every request is answered with 503'),
  https: z
    .strictObject({
      hstsSeconds: z.int().min(0).max(63_072_000).default(31_536_000),
      includeSubdomains: z.boolean().default(false),
    })
    .describe('Requests in clear are sent to TLS (RFC 6797)'),
  allow: z.array(Range).min(1).max(64).describe('Whoever is in none of these ranges gets 403'),
  rate: z
    .strictObject({
      perSecond: z.int().min(1).max(100_000),
      burst: z.int().min(1).max(1_000_000).default(100),
    })
    .describe("For each client's address"),
  cors: Cors,
  forwardAuth: z
    .strictObject({
      app: Name,
      path: Path.default('/'),
      copyHeaders: z.array(ChangedField).max(MOST_FIELDS).default([]),
    })
    .describe('This app is asked first: what it answers with 2xx goes on'),
  redirect: z.strictObject({
    status: z.literal([301, 302, 303, 307, 308]).default(308),
    scheme: z.enum(['http', 'https']).optional(),
    host: Host.optional(),
    path: PathChange.optional(),
  }),
  bodyBytes: z.int().min(0).max(1_099_511_627_776).describe('Of a request; above it 413'),
  rewrite: z.strictObject({ host: Host.optional(), path: PathChange.optional() }),
  requestHeaders: HeaderChange,
  responseHeaders: HeaderChange,
  sticky: z.strictObject({
    cookie: Cookie.default('cloudlet'),
    ttlSeconds: z.int().min(1).max(2_592_000).default(3600),
  }),
  balance: Balance,
  timeouts: z.strictObject({
    responseHeadSeconds: z.int().min(1).max(3600).optional(),
    requestSeconds: z.int().min(1).max(86_400).optional(),
  }),
  retries: z
    .strictObject({
      attempts: z.int().min(1).max(5).default(2),
      statuses: z.array(z.int().min(500).max(599)).max(16).default([]),
    })
    .describe('How often a request is tried at most, and after which answers'),
  mirror: z.strictObject({ app: Name, percent: Percent.default(100) }),
  compress: z
    .array(z.enum(['br', 'gzip', 'zstd']))
    .min(1)
    .max(3),
  accessLog: z.strictObject({ percent: Percent.default(100) }),
}

const User = z
  .string()
  .max(64)
  .regex(/^[\x21-\x39\x3b-\x7e]+$/, 'visible characters without a colon')
const Realm = z
  .string()
  .max(100)
  .regex(/^[\x20\x21\x23-\x5b\x5d-\x7e]*$/, 'a line without quotes')
  .default('Restricted')
const MOST_USERS = 32

const BasicAuthAsked = z.strictObject({
  realm: Realm,
  users: z
    .array(
      z.strictObject({
        name: User,
        password: z
          .string()
          .min(8)
          .max(256)
          .optional()
          .describe('Never shown again; absent: it stays as it is'),
      }),
    )
    .min(1)
    .max(MOST_USERS),
})
const BasicAuthShown = z.object({ realm: Realm, users: z.array(z.object({ name: User })) })

export const RoutePolicyAsked = z
  .strictObject({ ...PARTS, basicAuth: BasicAuthAsked })
  .partial()
  .meta({ id: 'RoutePolicyWanted', description: 'Whatever is absent is not done' })

export const RoutePolicy = z
  .object({ ...PARTS, basicAuth: BasicAuthShown })
  .partial()
  .meta({ id: 'RoutePolicy' })
