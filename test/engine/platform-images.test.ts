import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pack } from '../../images/pack.ts'
import { platformImages, type BuildProgress } from '../../src/adapters/platform-images.ts'
import { EngineRefusal } from '../../src/ports/engine.ts'
import { baseImage, newId, realDocker } from '../support/engine.ts'

const docker = realDocker()
const deadline = (): AbortSignal => AbortSignal.timeout(60_000)

function localImage(dockerfile: string) {
  const repository = `cloudlet-test/${newId()}`
  const names = { tag: `${repository}:1`, latest: `${repository}:latest` }
  let packed = 0
  const archive = () => {
    packed += 1
    return pack({ ...names, dockerfile, entries: [] })
  }
  const remove = async (): Promise<void> => {
    for (const name of Object.values(names)) await docker.getImage(name).remove({ force: true })
  }
  return { ...names, archive, remove, packed: () => packed }
}

test('ensureAll() builds in order, tells how far it is, and builds nothing again', async () => {
  const base = await baseImage(docker)
  const first = localImage(`FROM ${base.tag}\nENV STEP=1\n`)
  const second = localImage(`FROM ${first.tag}\nENV STEP=2\n`)
  const progress: BuildProgress[] = []
  const images = platformImages(docker)
  const note = (step: BuildProgress): number => progress.push(step)
  try {
    const built = await images.ensureAll([first, second], note, deadline())
    assert.deepEqual(
      built.map(({ tag, built: isNew }) => [tag, isNew]),
      [
        [first.tag, true],
        [second.tag, true],
      ],
    )
    assert.deepEqual(
      progress.map(({ tag, percent }) => [tag, percent]),
      [first, second].flatMap(({ tag }) => [
        [tag, 0],
        [tag, 50],
        [tag, 100],
      ]),
    )
    const { Id } = await docker.getImage(second.latest).inspect()
    assert.equal(Id, built[1]?.imageId)

    const again = await images.ensureAll([first, second], note, deadline())
    assert.deepEqual(
      again,
      built.map((image) => ({ ...image, built: false })),
    )
    assert.deepEqual([first.packed(), second.packed(), progress.length], [1, 1, 6])
  } finally {
    await second.remove()
    await first.remove()
  }
})

test('ensureAll() says why an image cannot be built', async () => {
  const image = localImage('FROM scratch\nNONSENSE\n')
  const building = platformImages(docker).ensureAll([image], () => undefined, deadline())
  await assert.rejects(
    building,
    (error) => error instanceof EngineRefusal && /NONSENSE/i.test(error.answer),
  )
})
