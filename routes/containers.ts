import { attachNetwork, detachNetwork } from '../src/contract/container-attach.ts'
import { updateContainer } from '../src/contract/container-change.ts'
import * as contract from '../src/contract/containers.ts'
import { containerMetrics } from '../src/contract/metrics.ts'
import { mount, mountChange, mountStream, type Settle } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { ContainerService } from '../src/services/containers.ts'
import type { LogService } from '../src/services/logs.ts'
import type { MetricsService } from '../src/services/metrics.ts'

interface Deps {
  readonly containers: ContainerService
  readonly logs: LogService
  readonly metrics: MetricsService
  readonly settle: Settle
}

export function containerRoutes(app: App, { containers, logs, metrics, settle }: Deps): void {
  mountChange(app, contract.createContainer, {
    serve: ({ params, body }, { actor }) => containers.create(params.tenant, body, actor),
    settle,
  })
  mount(app, contract.listContainers, ({ params, query }, { caller: { reach } }) =>
    containers.showAll(params.tenant, { ...query, reach }),
  )
  mount(app, contract.getContainer, ({ params }) =>
    containers.show(params.tenant, params.container),
  )
  mount(app, contract.statusOfContainers, ({ params, body }, { caller: { reach } }) =>
    containers.status(params.tenant, body.containers, reach),
  )
  mountChange(app, contract.startContainer, {
    serve: ({ params }, { actor }) => containers.start({ ...params, actor }),
    settle,
  })
  mountChange(app, contract.stopContainer, {
    serve: ({ params }, { actor }) => containers.stop({ ...params, actor }),
    settle,
  })
  mountChange(app, contract.restartContainer, {
    serve: ({ params }, { actor }) => containers.restart({ ...params, actor }),
    settle,
  })
  mountChange(app, contract.renameContainer, {
    serve: ({ params, body }, { actor }) => containers.rename({ ...params, actor }, body.name),
    settle,
  })
  mountChange(app, updateContainer, {
    serve: ({ params, body }, { actor }) => containers.update({ ...params, actor }, body),
    settle,
  })
  mountChange(app, attachNetwork, {
    serve: ({ params, body }, { actor }) => containers.attach({ ...params, actor }, body),
    settle,
  })
  mountChange(app, detachNetwork, {
    serve: ({ params }, { actor }) => containers.detach({ ...params, actor }, params.network),
    settle,
  })
  mountChange(app, contract.deleteContainer, {
    serve: ({ params, query }, { actor }) => containers.delete({ ...params, actor }, query.force),
    settle,
  })
  mount(app, containerMetrics, ({ params }, { signal }) => metrics.ofContainer(params, signal))
  mountStream(app, contract.containerLogs, {
    serve: ({ params, query }, { signal }) => logs.ofContainer(params, query, signal),
    text: ({ line }) => line,
  })
}
