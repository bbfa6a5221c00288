import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { InTenant, Timestamp } from './names.ts'

export const Image = z
  .object({
    reference: z.string(),
    imageId: z.string(),
    shared: z.boolean().describe('True: every tenant may run it'),
    addedAt: Timestamp,
  })
  .meta({ id: 'Image' })
export type Image = z.infer<typeof Image>

const Images = z.object({ items: z.array(Image) })
const ImageRef = z.strictObject({ image: z.string().min(1).max(512) }).meta({ id: 'ImageNamed' })

export const listImages = endpoint({
  id: 'images.list',
  method: 'get',
  path: '/v1/tenants/{tenant}/images',
  summary: 'List the images that the tenant can run without a pull',
  permission: 'images:read',
  params: InTenant,
  kind: 'answer',
  status: 200,
  response: Images,
  failures: ['not-found'],
})

export const shareImage = endpoint({
  id: 'images.share',
  method: 'post',
  path: '/v1/images',
  summary: 'Let every tenant run an image that the engine already has',
  permission: 'images:write',
  platform: true,
  body: ImageRef,
  kind: 'answer',
  status: 201,
  response: Image,
  failures: ['engine-unavailable', 'image-unavailable'],
})

export const Registry = z
  .object({ host: z.string(), username: z.string(), updatedAt: Timestamp })
  .meta({ id: 'Registry' })
export type Registry = z.infer<typeof Registry>

/** As in an image's reference: `ghcr.io`, `127.0.0.1:5000`. */
const RegistryHost = z
  .string()
  .max(255)
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/)
const InRegistry = InTenant.extend({ host: RegistryHost })

export const RegistryLogin = z
  .strictObject({ username: z.string().min(1).max(255), password: z.string().min(1).max(8192) })
  .meta({ id: 'RegistryLogin' })
export type RegistryLogin = z.infer<typeof RegistryLogin>

export const putRegistry = endpoint({
  id: 'registries.put',
  method: 'put',
  path: '/v1/tenants/{tenant}/registries/{host}',
  summary: 'Keep the credentials with which images of a registry are pulled',
  permission: 'registries:write',
  params: InRegistry,
  body: RegistryLogin,
  kind: 'answer',
  status: 200,
  response: Registry,
  failures: ['not-found', 'state-conflict'],
})

export const listRegistries = endpoint({
  id: 'registries.list',
  method: 'get',
  path: '/v1/tenants/{tenant}/registries',
  summary: 'List the registries that the tenant has credentials for',
  permission: 'registries:read',
  params: InTenant,
  kind: 'answer',
  status: 200,
  response: z.object({ items: z.array(Registry) }),
  failures: ['not-found'],
})

export const deleteRegistry = endpoint({
  id: 'registries.delete',
  method: 'delete',
  path: '/v1/tenants/{tenant}/registries/{host}',
  summary: 'Forget the credentials of a registry',
  permission: 'registries:write',
  params: InRegistry,
  kind: 'answer',
  status: 200,
  response: Registry,
  failures: ['not-found'],
})
