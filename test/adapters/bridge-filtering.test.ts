import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { filterBridges } from '../../src/adapters/bridge-filtering.ts'
import { FirewallError } from '../../src/ports/firewall.ts'

test('filterBridges() turns on what is off, and says what is missing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-bridge-'))
  try {
    await assert.rejects(filterBridges(folder), FirewallError)
    const files = ['bridge-nf-call-iptables', 'bridge-nf-call-ip6tables']
    for (const [at, name] of files.entries()) writeFileSync(join(folder, name), `${at}\n`)
    await filterBridges(folder)
    assert.deepEqual(
      files.map((name) => readFileSync(join(folder, name), 'utf8').trim()),
      ['1', '1'],
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})
