import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  buildCommands,
  CURRENT_ENGINE,
  engineKey,
  ensureCurrentEngine,
} from '../../scripts/bootstrap/current-engine.js'

test('the current engine is named by exact versions, of which each has its part in the key', () => {
  for (const { version } of CURRENT_ENGINE.modules) {
    assert.match(version, /^v\d+\.\d+\.\d+(-[a-z]+\.\d+)?$/)
    assert.ok(engineKey().includes(version.slice(1)))
  }
  const [first, ...rest] = CURRENT_ENGINE.modules
  assert.ok(first)
  assert.notEqual(engineKey([{ ...first, version: 'v2.0.0-beta.25' }, ...rest]), engineKey())
})

test('buildCommands() names every program with its version, and compiles C for runc alone', () => {
  const commands = buildCommands('/go', '/folder')
  assert.deepEqual(
    commands.map(({ command }) => command.filter((word) => word.includes('@'))),
    [
      [
        'github.com/moby/moby/v2/cmd/dockerd@v2.0.0-beta.24',
        'github.com/moby/moby/v2/cmd/docker-proxy@v2.0.0-beta.24',
      ],
      [
        'github.com/containerd/containerd/v2/cmd/containerd@v2.4.2',
        'github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2@v2.4.2',
      ],
      ['github.com/opencontainers/runc@v1.5.2'],
    ],
  )
  assert.deepEqual(
    commands.map(({ env }) => [env.GOBIN, env.CGO_ENABLED]),
    [
      ['/folder', '0'],
      ['/folder', '0'],
      ['/folder', '1'],
    ],
  )
})

test('ensureCurrentEngine() takes what the cache has, and builds nothing in check mode', async () => {
  const cache = mkdtempSync(join(tmpdir(), 'cloudlet-cache-'))
  const said: string[] = []
  const tools = {
    env: { XDG_CACHE_HOME: cache },
    say: (message: string) => void said.push(message),
    checkOnly: true,
  }
  try {
    await assert.rejects(ensureCurrentEngine(tools), /^BootstrapError: The current engine is not/)
    const folder = join(cache, 'cloudlet', `engine-${engineKey()}`)
    mkdirSync(folder, { recursive: true })
    assert.equal(await ensureCurrentEngine(tools), folder)
    assert.deepEqual(said, [])
  } finally {
    rmSync(cache, { recursive: true })
  }
})
