import { cancelOperation, getOperation, listOperations } from '../src/contract/operations.ts'
import { mount } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { OperationService } from '../src/services/operations.ts'

export function operationRoutes(app: App, operations: OperationService): void {
  mount(app, listOperations, ({ params, query }) => operations.list(params.tenant, query))
  mount(app, getOperation, ({ params, query }, { signal }) =>
    operations.get(params.tenant, params.operation, { seconds: query.wait, signal }),
  )
  mount(app, cancelOperation, ({ params }, { actor }) =>
    operations.cancel(params.tenant, params.operation, actor),
  )
}
