import {
  cancelOperation,
  findOperation,
  getOperation,
  listAllOperations,
  listOperations,
} from '../src/contract/operations.ts'
import { mount } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { OperationService } from '../src/services/operations.ts'

export function operationRoutes(app: App, operations: OperationService): void {
  mount(app, listOperations, ({ params, query }, { caller: { reach } }) =>
    operations.list(params.tenant, { ...query, reach }),
  )
  mount(app, getOperation, async ({ params, query }, { signal, caller }) => {
    await operations.refuseBeyond(caller.reach, params)
    return operations.get(params.tenant, params.operation, { seconds: query.wait, signal })
  })
  mount(app, findOperation, ({ params, query }, { signal }) =>
    operations.find(params.operation, { seconds: query.wait, signal }),
  )
  mount(app, cancelOperation, async ({ params }, { actor, caller }) => {
    await operations.refuseBeyond(caller.reach, params)
    return operations.cancel(params.tenant, params.operation, actor)
  })
  mount(app, listAllOperations, ({ query }) => operations.listAll(query))
}
