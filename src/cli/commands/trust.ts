import { writeFile } from 'node:fs/promises'
import { platformAuthority } from '../../contract/platform.ts'
import type { Work } from '../command.ts'
import { EXIT } from '../exit.ts'

/** The certificate alone on stdout, so that it can go into a pipe; what to do with it is in the help. */
export const trust: Work = async (context, given) => {
  const { api } = await context.session()
  const authority = await api.call(platformAuthority, {})
  const file = given.text('out')
  if (file !== null) await writeFile(file, authority.certificate)
  await context.show(authority, () =>
    file === null ? authority.certificate : `${file} ${authority.sha256}`,
  )
  return EXIT.ok
}
