import { z } from 'zod'
import type { Endpoint } from './endpoint.ts'

/** The names that `fields` may ask for: of what is shown, or of each item of a list. None: it takes none. */
export function fieldsOf({ kind, method, response }: Endpoint): readonly string[] {
  if (kind !== 'answer' || method !== 'get') return []
  const shown = itemOf(response) ?? response
  return shown instanceof z.ZodObject ? Object.keys(shown.shape) : []
}

/** What is answered where not all was asked for. */
export function sparse(response: z.ZodType): z.ZodType {
  if (!(response instanceof z.ZodObject)) return response
  const item = itemOf(response)
  return item === undefined
    ? response.partial()
    : response.extend({ items: z.array(item.partial()) })
}

/** `id,name`: what to show; all of it without. */
export const fieldsParameter = (known: readonly string[]) =>
  z
    .string()
    .max(2000)
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(known, 'there is no such field')).max(100))
    .optional()

function itemOf(response: z.ZodType): z.ZodObject | undefined {
  if (!(response instanceof z.ZodObject)) return undefined
  const { items } = response.shape
  if (!(items instanceof z.ZodArray)) return undefined
  return items.element instanceof z.ZodObject ? items.element : undefined
}
