import { z } from 'zod'
import { Name } from './names.ts'

/** The order tells nothing, so each can stand once. */
export const FirewallUses = z
  .array(Name)
  .max(8)
  .refine((all) => new Set(all).size === all.length, 'each once')
  .describe('Firewalls that it carries; with none, what its networks say holds')
