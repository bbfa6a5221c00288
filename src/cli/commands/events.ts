import { UnreachableError } from '../../client/api-error.ts'
import { pause } from '../../client/pause.ts'
import {
  followEvents,
  followTenantEvents,
  listEvents,
  listTenantEvents,
  type CloudEvent,
} from '../../contract/events.ts'
import { EVENT_LEVELS, type EventLevel } from '../../core/event.ts'
import type { Given } from '../arguments.ts'
import { oneOf } from '../choice.ts'
import type { Work } from '../command.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { visible } from '../text.ts'
import { wholeOf } from '../units.ts'

interface Query {
  readonly since?: number
  readonly level?: EventLevel
  readonly action?: string
  readonly target?: string
}

export const events: Work = async (context, given) => {
  const query = queryOf(given)
  if (given.has('follow')) return followed(context, given, query)
  const limit = wholeOf(given.text('limit') ?? '100', '--limit')
  const page = await pageOf(context, given, { ...query, limit })
  // The newest stand below, where the eye is, and where what is followed goes on.
  return context.show(page, () => page.items.toReversed().map(lineOf).join(''))
}

const BREAK_PAUSE_MS = 500
/** In a row without a new event between: the platform is gone for good. */
const MOST_BREAKS = 5

/** What is followed is taken up again after the last event that was shown: none is lost and none twice. */
async function followed(context: Context, given: Given, query: Query): Promise<ExitCode> {
  let since = query.since ?? (await lastSeq(context, given))
  for (let breaks = 0; ; breaks++) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one try after another
      for await (const event of await streamOf(context, given, { ...query, since })) {
        breaks = 0
        since = event.seq
        await context.world.stdout.write(
          context.json ? `${JSON.stringify(event)}\n` : lineOf(event),
        )
      }
      return EXIT.ok
    } catch (error) {
      if (!(error instanceof UnreachableError) || breaks >= MOST_BREAKS) throw error
      // oxlint-disable-next-line no-await-in-loop -- a pause between two tries
      await pause(BREAK_PAUSE_MS * breaks, context.world.signal)
    }
  }
}

/** Where to begin, so that a stream that breaks off before its first event has a place too. */
async function lastSeq(context: Context, given: Given): Promise<number> {
  const { items } = await pageOf(context, given, { limit: 1 })
  return items[0]?.seq ?? 0
}

async function pageOf(context: Context, given: Given, query: Query & { readonly limit: number }) {
  const api = await context.api()
  if (given.has('admin')) return api.call(listEvents, { query })
  return api.call(listTenantEvents, { params: { tenant: await context.tenant() }, query })
}

async function streamOf(context: Context, given: Given, query: Query) {
  const api = await context.api()
  const options = { signal: context.world.signal }
  if (given.has('admin')) return api.stream(followEvents, { query }, options)
  const params = { tenant: await context.tenant() }
  return api.stream(followTenantEvents, { params, query }, options)
}

const lineOf = ({ seq, time, tenant, level, action, message }: CloudEvent): string =>
  visible(`${seq} ${time} ${level} ${tenant ?? '-'} ${action} ${message}`) + '\n'

function queryOf(given: Given): Query {
  const since = given.text('since')
  const level = oneOf(EVENT_LEVELS, given.text('level'), '--level')
  const [action, target] = [given.text('action'), given.text('target')]
  return {
    ...(since === null ? {} : { since: wholeOf(since, '--since') }),
    ...(level === null ? {} : { level }),
    ...(action === null ? {} : { action }),
    ...(target === null ? {} : { target }),
  }
}
