import type { z } from 'zod'

const JSON_TEXT = Symbol('json')
const DERIVED = Symbol('derived')
declare const SAYS: unique symbol

/**
 * An answer that its schema has parsed and that is JSON text already, so that what many ask for is
 * made once. Only this file can make one: whatever is in it, the contract has named.
 */
export interface Finished<T> {
  readonly [JSON_TEXT]: string
  [DERIVED]?: string
  readonly [SAYS]?: T
}

export const finished = <S extends z.ZodType>(schema: S, value: z.input<S>): Finished<z.input<S>> =>
  ofText(JSON.stringify(schema.parse(value)))

/** A page of items that are finished, without a look into them. */
export const finishedPage = <T>(
  items: readonly Finished<T>[],
  nextCursor: string | null,
): Finished<{ items: T[]; nextCursor: string | null }> => {
  const texts = items.map((item) => item[JSON_TEXT])
  return ofText(`{"items":[${texts.join(',')}],"nextCursor":${JSON.stringify(nextCursor)}}`)
}

export const isFinished = (value: unknown): value is Finished<unknown> =>
  typeof value === 'object' && value !== null && JSON_TEXT in value

export const textOfFinished = (one: Finished<unknown>): string => one[JSON_TEXT]

/** What its reader makes of the text, such as a digest: made once, too. */
export const derivedOf = (one: Finished<unknown>, make: (text: string) => string): string =>
  (one[DERIVED] ??= make(one[JSON_TEXT]))

const ofText = <T>(text: string): Finished<T> => ({ [JSON_TEXT]: text })
