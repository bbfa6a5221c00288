import { listImages, shareImage } from '../../contract/images.ts'
import type { Work } from '../command.ts'

export const list: Work = async (context) => {
  const [api, tenant] = [await context.api(), await context.tenant()]
  const images = await api.call(listImages, { params: { tenant } })
  const rows = images.items.map(({ reference, imageId, shared, addedAt }) => [
    reference,
    imageId.replace(/^sha256:/, '').slice(0, 12),
    shared ? 'yes' : 'no',
    addedAt,
  ])
  return context.show(images, () => context.table(['IMAGE', 'ID', 'SHARED', 'ADDED'], rows))
}

export const share: Work = async (context, given) => {
  const api = await context.api()
  const image = await api.call(shareImage, { body: { image: given.word(0) } })
  return context.show(image, () => `${image.reference}\n`)
}
