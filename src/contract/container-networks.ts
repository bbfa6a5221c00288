import { z } from 'zod'
import { Name, NameOrId } from './names.ts'

const Address = z
  .ipv4()
  .describe('A free one that containers can have; default: the platform picks')
const Aliases = z
  .array(Name)
  .max(16)
  .refine((all) => new Set(all).size === all.length, 'each once')
  .describe('Further names in this network alone')

/** A network that a container is to be in. */
const NetworkUse = z
  .strictObject({
    name: NameOrId,
    address: Address.optional(),
    aliases: Aliases.optional(),
    defaultRoute: z.boolean().optional().describe('Default: that of the first'),
  })
  .meta({ id: 'NetworkUse' })
export type NetworkUse = z.infer<typeof NetworkUse>

export const MOST_NETWORKS_OF_CONTAINER = 8

export const NetworkUses = z
  .array(NetworkUse)
  .min(1)
  .max(MOST_NETWORKS_OF_CONTAINER)
  .describe('Networks that it is in; default: `default`')

export const ContainerAddress = z.object({
  network: z.string(),
  address: z.ipv4(),
  mac: z.string(),
  aliases: z.array(z.string()),
  defaultRoute: z.boolean().describe('What is not for a network of the container goes here'),
})

export const NetworkAttach = NetworkUse.omit({ name: true, defaultRoute: true })
  .extend({ network: NameOrId })
  .meta({ id: 'NetworkAttach' })
export type NetworkAttach = z.infer<typeof NetworkAttach>
