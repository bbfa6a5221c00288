import type { RequestCase } from '../case.ts'
import { CHUNKS } from './chunks.ts'
import { CONTENT } from './content.ts'
import { FIELDS } from './fields.ts'
import { FORWARDING } from './forwarding.ts'
import { FRAMING } from './framing.ts'
import { HOSTS } from './host.ts'
import { REQUEST_LINE } from './request-line.ts'

export const REQUEST_CASES: readonly RequestCase[] = [
  ...FRAMING,
  ...CHUNKS,
  ...FIELDS,
  ...REQUEST_LINE,
  ...HOSTS,
  ...CONTENT,
  ...FORWARDING,
]
