import { z } from 'zod'

/** A label of a host name, because names become DNS names (RFC 1123 §2.1). */
export const Name = z
  .string()
  .max(63)
  .regex(/^[a-z]([a-z0-9-]*[a-z0-9])?$/, 'a lower-case letter, then letters, digits and hyphens')
  .meta({ id: 'Name', description: 'Lower-case DNS label of at most 63 characters' })

/** Slugs are shorter than names: they are part of every Docker name and host name of the tenant. */
export const Slug = z
  .string()
  .max(32)
  .regex(/^[a-z]([a-z0-9-]*[a-z0-9])?$/, 'a lower-case letter, then letters, digits and hyphens')
  .meta({ id: 'Slug', description: 'Lower-case DNS label of at most 32 characters' })

export const Id = z
  .string()
  .regex(/^[a-z0-9]{16}$/, 'an id of 16 characters')
  .meta({ id: 'Id', description: 'Sixteen lower-case letters and digits; never used twice' })

/** A container can be named by its id or by its name: ids look like `4fzk0q…`, names are free. */
export const NameOrId = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9-]+$/)

export const Timestamp = z.iso.datetime().meta({ id: 'Timestamp', description: 'RFC 3339, in UTC' })

export const InTenant = z.strictObject({ tenant: Slug })
