import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { getPlatform } from '../../contract/platform.ts'
import { oneOf } from '../choice.ts'
import type { Work } from '../command.ts'
import { NAME_SERVICES, setupOf, type NameService } from '../dns-setup.ts'
import { EXIT, usageError } from '../exit.ts'

/** Prints the lines by which this machine asks the platform for its names, or puts them where they belong. */
export const setup: Work = async (context, given) => {
  const wanted = oneOf(NAME_SERVICES, given.text('for'), '--for')
  const { api } = await context.session()
  const { dns, domain, internalDomain } = await api.call(getPlatform, {})
  const at = dns.lastIndexOf(':')
  const host = dns.slice(0, at).replaceAll(/^\[|\]$/g, '')
  const where = {
    // On all addresses it is found at this machine's own.
    host: ['', '::', '0.0.0.0'].includes(host) ? '127.0.0.1' : host,
    port: Number(dns.slice(at + 1)),
    domains: [domain, internalDomain],
  }
  const setups = NAME_SERVICES.filter((one) => wanted === null || wanted === one).map((service) => {
    return { service, ...setupOf(service, where) }
  })
  if (given.has('apply')) await apply(setups)
  const text = setups.map(({ file, text: lines, command }) => {
    return `# ${file}\n${lines}${command === null ? '' : `# then: ${command}\n`}`
  })
  await context.show(setups, () => text.join('\n'))
  return EXIT.ok
}

type Chosen = ReturnType<typeof setupOf> & { readonly service: NameService }

async function apply(setups: readonly Chosen[]): Promise<void> {
  const [one] = setups
  if (one === undefined || setups.length > 1) {
    throw usageError('Cannot apply all of them', `Say which: --for ${NAME_SERVICES.join('|')}`)
  }
  if (!one.isOurs) {
    throw usageError(`Cannot apply to ${one.file}: it is not the platform's to write`)
  }
  await mkdir(dirname(one.file), { recursive: true })
  await writeFile(one.file, one.text)
}
