import * as contract from '../src/contract/secrets.ts'
import { mount } from '../src/http/mount.ts'
import type { App } from '../src/http/shell.ts'
import type { SecretService } from '../src/services/secrets.ts'
import type { SecretsKeyService } from '../src/services/secrets-key.ts'

interface Deps {
  readonly secrets: SecretService
  readonly secretsKey: SecretsKeyService
}

export function secretRoutes(app: App, { secrets, secretsKey }: Deps): void {
  mount(app, contract.putSecret, ({ params, body }, { actor }) =>
    secrets.put({ ...params, actor }, body),
  )
  mount(app, contract.listSecrets, ({ params }) => secrets.list(params.tenant))
  mount(app, contract.getSecret, ({ params }) => secrets.get(params.tenant, params.secret))
  mount(app, contract.rollBackSecret, ({ params, body }, { actor }) =>
    secrets.rollBack({ ...params, actor }, body.version),
  )
  mount(app, contract.deleteSecret, ({ params }, { actor }) => secrets.delete({ ...params, actor }))
  mount(app, contract.rotateSecretsKey, (_input, { actor }) => secretsKey.rotate(actor))
}
