import type { Queries } from '../../db/open.ts'
import type { ContainerCreate } from '../contract/containers.ts'
import { wrongField } from '../core/failure.ts'
import { MOST_BYTES_A_CONTAINER } from '../core/secret-refs.ts'

/** Refuses secrets that the tenant does not have. In the transaction that inserts the row: none can go. */
export async function checkSecrets(
  q: Queries,
  tenantId: string,
  { secrets: refs = [] }: Pick<ContainerCreate, 'secrets'>,
): Promise<void> {
  if (refs.length === 0) return
  const found = await q.secrets.byNames(tenantId, [...new Set(refs.map(({ name }) => name))])
  const versions = await q.secrets.versions(found.map(({ id }) => id))
  let total = 0
  for (const [index, { name, version }] of refs.entries()) {
    const secret = found.find((one) => one.name === name)
    if (!secret) throw wrongField(`#/secrets/${index}/name`, `there is no secret "${name}"`)
    const wanted = version === 'latest' ? secret.version : version
    const one = versions.find((all) => all.secretId === secret.id && all.version === wanted)
    if (!one) {
      throw wrongField(`#/secrets/${index}/version`, `secret "${name}" has no version ${wanted}`)
    }
    total += one.sizeBytes
  }
  if (total <= MOST_BYTES_A_CONTAINER) return
  throw wrongField(
    '#/secrets',
    `a container has at most ${MOST_BYTES_A_CONTAINER} bytes of secrets`,
  )
}
