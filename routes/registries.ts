import { deleteRegistry, listRegistries, putRegistry } from '../src/contract/images.ts'
import { mount } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { RegistryService } from '../src/services/registries.ts'

export function registryRoutes(app: App, registries: RegistryService): void {
  mount(app, putRegistry, ({ params, body }, { actor }) =>
    registries.put({ ...params, actor }, body),
  )
  mount(app, listRegistries, ({ params }) => registries.list(params.tenant))
  mount(app, deleteRegistry, ({ params }, { actor }) => registries.delete({ ...params, actor }))
}
