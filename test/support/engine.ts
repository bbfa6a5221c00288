import { randomBytes, randomInt } from 'node:crypto'
import Docker from 'dockerode'
import { baseContext, type BuildContext } from '../../images/contexts.ts'
import { pack } from '../../images/pack.ts'
import { dockerEngine } from '../../src/adapters/docker-engine.ts'
import { platformImages } from '../../src/adapters/platform-images.ts'
import { idFrom, ID_BYTES } from '../../src/core/ids.ts'
import type { EngineBench } from '../conformance/engine-world.ts'

const BUILD_MS = 120_000

export function realDocker(): Docker {
  return new Docker({ socketPath: '/var/run/docker.sock' })
}

export const newId = (): string => idFrom(randomBytes(ID_BYTES))

/** Two numbers drawn from a /16 each, so that two runs on one machine hardly ever meet. */
export const newSubnet = (): string => `10.${randomInt(240, 254)}.${randomInt(0, 255)}`

/** The real engine, each view of it under a name that no other run has. */
export async function realBench(): Promise<EngineBench> {
  const docker = realDocker()
  const base = await baseImage(docker)
  return {
    engine() {
      const instance = newId()
      return { engine: dockerEngine({ docker, instance, now: () => new Date() }), instance }
    },
    imageId: base.imageId,
    imageReference: base.tag,
    subnet: newSubnet,
    newId,
    hands: {
      pause: async (name) => docker.getContainer(name).pause(),
      async update(name, { memoryBytes: Memory, restart: Name }) {
        const RestartPolicy = { Name, MaximumRetryCount: 0 }
        await docker.getContainer(name).update({ Memory, MemorySwap: Memory, RestartPolicy })
      },
      rename: async (name, to) => docker.getContainer(name).rename({ name: to }),
      disconnect: async (name, network) =>
        docker.getNetwork(network).disconnect({ Container: name, Force: true }),
    },
  }
}

export async function baseImage(docker: Docker): Promise<{ imageId: string; tag: string }> {
  const context = await baseContext()
  const wanted = { ...context, archive: () => pack(context) }
  const signal = AbortSignal.timeout(BUILD_MS)
  const [base] = await platformImages(docker).ensureAll([wanted], () => undefined, signal)
  if (!base) throw new Error('Cannot build the base image')
  return base
}

/** An image made for one test; `remove` takes it away again. */
export async function imageFrom(
  docker: Docker,
  dockerfile: string,
  entries: BuildContext['entries'] = [],
) {
  const tag = `cloudlet-test/${newId()}:1`
  const context = { tag, latest: tag, dockerfile, entries }
  const wanted = { ...context, archive: () => pack(context) }
  const signal = AbortSignal.timeout(BUILD_MS)
  const [image] = await platformImages(docker).ensureAll([wanted], () => undefined, signal)
  if (!image) throw new Error('Cannot build an image for the test')
  const remove = async (): Promise<void> => {
    await docker.getImage(tag).remove({ force: true })
  }
  return { tag, imageId: image.imageId, remove }
}
