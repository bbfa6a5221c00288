import { z } from 'zod'

/** Text that can stand in a process's arguments and environment: no control characters but tab and newline. */
export const Text = (max: number) =>
  z
    .string()
    .max(max)
    // oxlint-disable-next-line no-control-regex -- control characters are what it refuses
    .regex(/^[^\u0000-\u0008\u000b-\u001f\u007f]*$/, 'no control characters')

const LabelKey = z
  .string()
  .max(128)
  .regex(/^[a-z0-9]([a-z0-9._/-]*[a-z0-9])?$/i)
  .refine((key) => !/^cloudlet([./-]|$)/i.test(key), 'the prefix "cloudlet" is reserved')

export const Labels = z
  .record(LabelKey, Text(4096))
  .refine((labels) => Object.keys(labels).length <= 64, 'at most 64 labels')

/** Of a list: only what carries it. */
export const LabelFilter = z.string().max(4300).describe('`key` or `key=value`')
export const NameFilter = z.string().max(63).describe('Only names that begin so')
