import * as contract from '../../contract/audit.ts'
import { headOf } from '../../core/audit-chain.ts'
import type { Given } from '../arguments.ts'
import { fileVerdict } from '../audit-file.ts'
import type { Work } from '../command.ts'
import type { Context } from '../context.ts'
import { CommandError, EXIT, usageError } from '../exit.ts'
import { fields } from '../table.ts'
import { momentOf, wholeOf } from '../units.ts'

const HEAD = ['TIME', 'ACTOR', 'ACTION', 'TARGET', 'RESULT', 'STATUS', 'FROM']

export const list: Work = async (context, given) => {
  const api = await context.api()
  const limit = wholeOf(given.text('limit') ?? '100', '--limit')
  const found = given.has('admin')
    ? await newest(limit, queryOf(context, given), (query) =>
        api.call(contract.listAudit, { query }),
      )
    : await newest(limit, queryOf(context, given), async (query) => {
        const params = { tenant: await context.tenant() }
        return api.call(contract.listTenantAudit, { params, query })
      })
  const rows = found.items.map((entry) => [
    entry.time,
    entry.actor,
    entry.action,
    entry.target,
    entry.result,
    String(entry.status),
    entry.sourceAddress,
  ])
  return context.show(found, () => context.table(HEAD, rows))
}

type Query = Partial<contract.AuditQuery>
interface Page {
  readonly items: contract.AuditEntry[]
  readonly nextCursor: string | null
}

/** A page looks at so many entries and no further, so one that is short need not be the last. */
async function newest(
  limit: number,
  wanted: Query,
  read: (query: Query) => Promise<Page>,
): Promise<Page> {
  const items: contract.AuditEntry[] = []
  let cursor: string | null = null
  do {
    const query: Query = { ...wanted, limit: limit - items.length, ...(cursor && { cursor }) }
    // oxlint-disable-next-line no-await-in-loop -- a page names the next one
    const page: Page = await read(query)
    items.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== null && items.length < limit)
  return { items, nextCursor: cursor }
}

function queryOf({ world }: Context, given: Given): Query {
  const [since, until] = [given.text('since'), given.text('until')]
  const [action, result, actor] = [given.text('action'), given.text('result'), given.text('actor')]
  return {
    ...(since === null ? {} : { since: momentOf(since, '--since', world.now()) }),
    ...(until === null ? {} : { until: momentOf(until, '--until', world.now()) }),
    ...(action === null ? {} : { action }),
    ...(result === null ? {} : { result }),
    ...(actor === null ? {} : { actor }),
  }
}

/** The longest chain that a platform may keep takes minutes to walk. */
const PATIENT = { timeoutMs: 10 * 60_000 }

export const verify: Work = async (context, given) => {
  const path = given.text('file')
  const verdict = await (path === null
    ? verified(context, given)
    : fileVerified(context, given, path))
  await context.show(verdict, () =>
    fields([
      ['Chain', verdict.chain],
      ['Good entries', String(verdict.entries)],
      ['Head', verdict.head ?? '-'],
      ['Verdict', verdict.ok ? 'good' : 'broken'],
    ]),
  )
  const { firstBad } = verdict
  if (firstBad === null) return EXIT.ok
  const { seq, flaw, why } = firstBad
  throw new CommandError(EXIT.failed, `The chain is broken at entry ${seq} (${flaw}): ${why}`)
}

async function verified(context: Context, given: Given): Promise<contract.AuditVerdict> {
  const api = await context.api()
  const [head, chain] = [given.text('head'), given.text('chain')]
  const query = head === null ? {} : { head }
  if (!isPlatform(given)) {
    const params = { tenant: await context.tenant() }
    return api.call(contract.verifyTenantAudit, { params, query }, PATIENT)
  }
  const asked = { query: chain === null ? query : { ...query, chain } }
  return api.call(contract.verifyAudit, asked, PATIENT)
}

/** The platform judges the lines of a file, because it alone has the key. */
async function fileVerified(
  context: Context,
  given: Given,
  path: string,
): Promise<contract.AuditVerdict> {
  const api = await context.api()
  const text = given.text('head')
  const head = text === null ? null : headOf(text)
  if (text !== null && head === null) throw usageError('A head is <seq>:<mac>, as the log has it')
  if (isPlatform(given)) {
    return fileVerdict({ path, head }, (entries) =>
      api.call(contract.verifyGivenAudit, { body: { entries } }),
    )
  }
  const params = { tenant: await context.tenant() }
  return fileVerdict({ path, head }, (entries) =>
    api.call(contract.verifyGivenTenantAudit, { params, body: { entries } }),
  )
}

/** A chain that is named is looked up on the whole platform: its tenant may be gone. */
const isPlatform = (given: Given): boolean => given.has('admin') || given.text('chain') !== null

export const exportChain: Work = async (context, given) => {
  const api = await context.api()
  const chain = given.text('chain')
  const links = isPlatform(given)
    ? api.stream(contract.exportAudit, { query: chain === null ? {} : { chain } })
    : api.stream(contract.exportTenantAudit, { params: { tenant: await context.tenant() } })
  for await (const link of links) await context.print(JSON.stringify(link))
  return EXIT.ok
}
