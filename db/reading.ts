import type { Queries } from './open.ts'

/** Of whatever arguments: they are handed on as they come. */
type Ask = (...args: readonly never[]) => Promise<unknown>

/** The same queries; where one fails, the caller is given what `explain` makes of it. */
export function explaining(q: Queries, explain: (error: unknown) => unknown): Queries {
  const { afterCommit, ...tables } = q
  const explained = Object.entries(tables).map(([table, asks]) => [
    table,
    Object.fromEntries(
      Object.entries<Ask>(asks).map(([name, ask]) => [
        name,
        async (...args: readonly never[]) => {
          try {
            return await ask(...args)
          } catch (error) {
            throw explain(error)
          }
        },
      ]),
    ),
  ])
  // Every table and every question of it is there again, with what it takes and answers.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { afterCommit, ...Object.fromEntries(explained) } as Queries
}
