import { NetworkCreate } from '../../src/contract/networks.ts'
import { PLATFORM } from '../../src/core/actor.ts'
import type { Random } from './random.ts'
import type { Running } from './land.ts'

interface Known {
  readonly tenant: string
  readonly id: string
}

interface Deps {
  readonly random: Random
  readonly tenants: readonly string[]
  readonly answered: <T>(what: string, work: Promise<T>) => Promise<T | undefined>
  readonly operations: { readonly tenant: string; readonly id: string }[]
}

const NAMES = ['back', 'side'] as const
/** Of few tenants many ask for the same. */
const RANGES = ['10.20.0.0/24', '10.20.0.0/28', undefined] as const

/** Those who make networks, put containers into them, and take both away. */
export function networkers({ random, tenants, answered, operations }: Deps) {
  const name = () => random.oneOf(NAMES) ?? 'back'

  async function make(tenant: string, { control }: Running): Promise<void> {
    const wanted = NetworkCreate.parse({ name: name(), cidr: random.oneOf(RANGES) })
    const asking = { tenant, actor: PLATFORM, caller: { tenant: null } }
    await answered(`network ${tenant}/${wanted.name}`, control.ofNetworks.create(asking, wanted))
  }

  async function unmake(tenant: string, { control }: Running): Promise<void> {
    const asking = { tenant, actor: PLATFORM, network: name() }
    await answered(`no network ${tenant}/${asking.network}`, control.ofNetworks.delete(asking))
  }

  async function move({ tenant, id }: Known, isIn: boolean, { control }: Running): Promise<void> {
    const [asked, network] = [{ tenant, container: id, actor: PLATFORM }, name()]
    const { containers } = control
    const work = isIn ? containers.attach(asked, { network }) : containers.detach(asked, network)
    const done = await answered(`${isIn ? 'attach' : 'detach'} ${id} ${network}`, work)
    if (done) operations.push({ tenant, id: done.operation.id })
  }

  return {
    act(one: Known | undefined, running: Running): void {
      const tenant = random.oneOf(tenants) ?? 'acme'
      const deed = random.weighted({ make: 3, unmake: 2, attach: 4, detach: 3 })
      if (deed === 'make') void make(tenant, running)
      else if (deed === 'unmake') void unmake(tenant, running)
      else if (one) void move(one, deed === 'attach', running)
    },
  }
}
