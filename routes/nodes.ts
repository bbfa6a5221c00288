import { cordonNode, drainNode, getNode, listNodes, uncordonNode } from '../src/contract/nodes.ts'
import { mount, mountChange, type Settle } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { NodeScheduling } from '../src/services/node-scheduling.ts'
import type { NodeService } from '../src/services/nodes.ts'

interface Deps {
  readonly nodes: NodeService
  readonly scheduling: NodeScheduling
  readonly settle: Settle
}

export function nodeRoutes(app: App, { nodes, scheduling, settle }: Deps): void {
  mount(app, listNodes, (_input, { signal }) => nodes.list(signal))
  mount(app, getNode, ({ params }, { signal }) => nodes.get(params.node, signal))
  mountChange(app, cordonNode, {
    serve: ({ params }, { actor }) => scheduling.change('cordon', params.node, actor),
    settle,
  })
  mountChange(app, drainNode, {
    serve: ({ params }, { actor }) => scheduling.change('drain', params.node, actor),
    settle,
  })
  mountChange(app, uncordonNode, {
    serve: ({ params }, { actor }) => scheduling.change('uncordon', params.node, actor),
    settle,
  })
}
