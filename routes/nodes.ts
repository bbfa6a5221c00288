import { getNode, listNodes } from '../src/contract/nodes.ts'
import { mount } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { NodeService } from '../src/services/nodes.ts'

export function nodeRoutes(app: App, nodes: NodeService): void {
  mount(app, listNodes, (_input, { signal }) => nodes.list(signal))
  mount(app, getNode, ({ params }, { signal }) => nodes.get(params.node, signal))
}
