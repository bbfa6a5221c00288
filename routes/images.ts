import { listImages, shareImage } from '../src/contract/images.ts'
import { mount } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { ImageService } from '../src/services/images.ts'

export function imageRoutes(app: App, images: ImageService): void {
  mount(app, listImages, ({ params }) => images.list(params.tenant))
  mount(app, shareImage, ({ body }, { actor, signal }) => images.share(body.image, actor, signal))
}
