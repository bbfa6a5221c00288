import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imageFacts, packedBytes } from '../../src/adapters/docker-image-facts.ts'

/** As 20.10 answers: one size, of what is unpacked, and every field of the configuration. */
const WITH_DRIVER = {
  Id: 'sha256:1',
  Size: 7,
  Config: { ExposedPorts: { '8080/tcp': {}, '80': {}, '53/udp': {} }, Volumes: null, User: '' },
}
/** As 29.8 answers with containerd's images: the size of both, and of each manifest. */
const WITH_CONTAINERD = {
  Id: 'sha256:2',
  Size: 305,
  Descriptor: { digest: 'sha256:2' },
  Config: { User: '1:1' },
  Manifests: [
    { Kind: 'image', Size: { Content: 100, Total: 300 }, ImageData: { Size: { Unpacked: 200 } } },
    { Kind: 'image', Size: { Content: 0, Total: 0 }, ImageData: { Size: { Unpacked: 0 } } },
    { Kind: 'attestation', Size: { Content: 5, Total: 5 } },
  ],
}

test('imageFacts() reads the size of what is unpacked, whichever way the engine keeps images', () => {
  assert.deepEqual(imageFacts(WITH_DRIVER), {
    imageId: 'sha256:1',
    exposedTcpPorts: [80, 8080],
    volumes: [],
    user: '',
    sizeBytes: 7,
  })
  assert.deepEqual(imageFacts(WITH_CONTAINERD), {
    imageId: 'sha256:2',
    exposedTcpPorts: [],
    volumes: [],
    user: '1:1',
    sizeBytes: 200,
  })
})

test('packedBytes() is told only by an engine that keeps what came', () => {
  assert.equal(packedBytes(WITH_DRIVER), undefined)
  assert.equal(packedBytes(WITH_CONTAINERD), 105)
})

test('imageFacts() and packedBytes() make nothing of nonsense', () => {
  for (const value of [undefined, null, 'x', [], { Manifests: 'x', Size: 'y' }]) {
    assert.equal(imageFacts(value).sizeBytes, 0)
    assert.equal(packedBytes(value), undefined)
  }
  assert.equal(packedBytes({ Manifests: [{ Size: { Content: 'x' } }, 3] }), 0)
})
