import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import {
  installPackages,
  policyReplaced,
  restorePolicy,
  withoutServiceStarts,
} from '../../scripts/bootstrap/apt.js'
import { denoCounts, testUnderDeno } from '../../scripts/bootstrap/deno.js'
import { configureEngine, engineAdvice } from '../../scripts/bootstrap/engine.js'
import { withLock } from '../../scripts/bootstrap/lock.js'
import { sameVersions } from '../../scripts/bootstrap/packages.js'
import { run } from '../../scripts/bootstrap/run.js'
import { isDebianFamily, isStatic, missingPackages } from '../../scripts/bootstrap/system.js'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'cloudlet-bootstrap-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

function silent(): void {}

function described(packages: object): string {
  return JSON.stringify({ packages })
}

test('withoutServiceStarts() puts the operator’s own policy back, with its mode', async (t) => {
  const policy = join(folder(t), 'policy-rc.d')
  writeFileSync(policy, '#!/bin/sh\nexit 0\n')
  chmodSync(policy, 0o711)
  await withoutServiceStarts(policy, async () => {
    assert.equal((await run([policy], { quiet: true })).status, 101)
  })
  assert.equal((await run([policy], { quiet: true })).status, 0)
})

test('withoutServiceStarts() leaves no policy where there was none, after a failure too', async (t) => {
  const path = folder(t)
  const policy = join(path, 'policy-rc.d')
  const failing = withoutServiceStarts(policy, async () => {
    assert.ok(existsSync(policy))
    throw new Error('apt-get failed')
  })
  await assert.rejects(failing, /apt-get failed/)
  assert.deepEqual(existsSync(policy), false)
  assert.deepEqual(existsSync(`${policy}.absent-before-cloudlet`), false)
})

test('withoutServiceStarts() repairs what a killed bootstrap left behind', async (t) => {
  const policy = join(folder(t), 'policy-rc.d')
  writeFileSync(policy, 'of the killed one')
  writeFileSync(`${policy}.before-cloudlet`, 'the operator’s own')
  await withoutServiceStarts(policy, async () => {})
  assert.equal(readFileSync(policy, 'utf8'), 'the operator’s own')
})

test('restorePolicy() is done with after a killed bootstrap has left no policy behind', (t) => {
  const policy = join(folder(t), 'policy-rc.d')
  assert.equal(policyReplaced(policy), false)
  writeFileSync(policy, 'of the killed one')
  writeFileSync(`${policy}.absent-before-cloudlet`, '')
  assert.equal(policyReplaced(policy), true)
  restorePolicy(policy)
  assert.equal(existsSync(policy), false)
  assert.equal(policyReplaced(policy), false)
})

test('installPackages() updates the lists only after a first failure', async (t) => {
  const policyFile = join(folder(t), 'policy-rc.d')
  const seen: string[] = []
  const answers = [100, 0, 0]
  const runner = async (command: string[]) => {
    seen.push(command.filter((word) => /^[a-z]/.test(word)).join(' '))
    return { status: answers.shift() ?? 0, output: '' }
  }
  await installPackages(['nftables'], { say: silent, env: {}, policyFile, runner })
  assert.deepEqual(seen, ['apt-get install nftables', 'apt-get update', 'apt-get install nftables'])
  seen.length = 0
  await installPackages(['nftables'], { say: silent, env: {}, policyFile, runner })
  assert.deepEqual(seen, ['apt-get install nftables'])
})

test('installPackages() ends with the status of an interrupt, and cleans up', async (t) => {
  const policyFile = join(folder(t), 'policy-rc.d')
  const interrupted = installPackages(['curl'], {
    say: silent,
    env: {},
    policyFile,
    runner: () => Promise.resolve({ status: 130, output: '' }),
  })
  await assert.rejects(interrupted, { exitCode: 130 })
  assert.equal(existsSync(policyFile), false)
})

test('withLock() lets one in at a time, and in order of release', async (t) => {
  const lock = join(folder(t), 'lock')
  const words: string[] = []
  const subject = new URL('../../scripts/bootstrap/lock.js', import.meta.url).href
  const script = `
    const { withLock } = await import(${JSON.stringify(subject)})
    await withLock(process.argv[1], () => console.log('waits'), async () => console.log('in'))`
  const end = await withLock(lock, silent, async () => {
    const command = ['--input-type=module', '-e', script, lock]
    const other = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] })
    other.stdout.setEncoding('utf8').on('data', (text: string) => words.push(text.trim()))
    const ended = once(other, 'close')
    await once(other.stdout, 'data')
    words.push('out')
    return { ended }
  })
  await end.ended
  assert.deepEqual(words, ['waits', 'out', 'in'])
})

test('sameVersions() takes npm’s own record of an installation', () => {
  const wanted = described({
    '': {},
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b': { version: '2.0.0', optional: true },
  })
  const a = { 'node_modules/a': { version: '1.0.0' } }
  assert.equal(
    sameVersions(wanted, described(a)),
    true,
    'an optional one may be of another platform',
  )
  assert.equal(sameVersions(wanted, described({})), false, 'one is missing')
  assert.equal(sameVersions(wanted, described({ 'node_modules/a': { version: '1.0.1' } })), false)
  assert.equal(
    sameVersions(wanted, described({ ...a, 'node_modules/c': { version: '1.0.0' } })),
    false,
  )
})

test('engineAdvice() names what a found engine lacks, and says nothing about a good one', () => {
  const good = { 'userland-proxy': false, 'log-opts': { 'max-size': '10m' } }
  const info = { LiveRestoreEnabled: true, LoggingDriver: 'json-file' }
  assert.equal(engineAdvice(info, JSON.stringify(good)), '')
  const poor = engineAdvice({ ...info, LiveRestoreEnabled: false }, 'not even JSON')
  assert.match(poor, /"live-restore": true, "userland-proxy": false, "log-opts"/)
  const journal = { ...info, LoggingDriver: 'journald' }
  assert.equal(engineAdvice(journal, '{"userland-proxy": false}'), '')
})

test('configureEngine() writes settings once and never over the operator’s', (t) => {
  const path = join(folder(t), 'docker', 'daemon.json')
  assert.equal(configureEngine(path), true)
  const settings: unknown = JSON.parse(readFileSync(path, 'utf8'))
  assert.deepEqual(settings, {
    'live-restore': true,
    'userland-proxy': false,
    'log-driver': 'json-file',
    'log-opts': { 'max-size': '10m', 'max-file': '3' },
  })
  writeFileSync(path, '{}')
  assert.equal(configureEngine(path), false)
  assert.equal(readFileSync(path, 'utf8'), '{}')
})

test('isDebianFamily() reads ID and ID_LIKE, quoted or not', () => {
  assert.equal(isDebianFamily('NAME=x\nID=debian\n'), true)
  assert.equal(isDebianFamily('ID=mint\nID_LIKE="ubuntu debian"\n'), true)
  assert.equal(isDebianFamily('ID=fedora\nID_LIKE="rhel centos"\nHOME=debian'), false)
})

test('missingPackages() looks for programs, and wants a busybox without libraries', (t) => {
  const path = folder(t)
  const program = (name: string, text: string) => {
    writeFileSync(join(path, name), text)
    chmodSync(join(path, name), 0o755)
  }
  program('nft', '#!/bin/sh\n')
  program('busybox', '#!/bin/sh\n')
  const programs = { nftables: 'nft', 'busybox-static': 'busybox', curl: 'curl' }
  const missing = missingPackages(Object.keys(programs), programs, `/nowhere:${path}`)
  assert.deepEqual(missing, ['busybox-static', 'curl'])
})

test('isStatic() tells a program with a loader from one without', () => {
  assert.equal(isStatic('/bin/sh'), false)
  assert.equal(isStatic('/bin/busybox'), true)
  assert.equal(isStatic('/etc/passwd'), false)
})

test('denoCounts() reads the last summary, coloured or not, and counts ignored as failed', () => {
  const summary =
    'ok | 1 passed | 0 failed (1s)\nFAILED | 12 passed (3 steps) | 2 failed | 1 ignored (2s)\n'
  assert.deepEqual(denoCounts(summary), { passed: 12, failed: 3 })
  assert.deepEqual(denoCounts('\u001b[32mok\u001b[0m | 5 passed | 0 failed (9ms)'), {
    passed: 5,
    failed: 0,
  })
  assert.deepEqual(denoCounts('error: it did not even start'), { passed: 0, failed: 1 })
})

test('testUnderDeno() ends a test that waits for what never comes, as a failure', async (t) => {
  const file = join(folder(t), 'hanging.test.mjs')
  const never = 'new Promise(() => void setInterval(() => {}, 1000))'
  writeFileSync(file, `import { test } from 'node:test'\ntest('hangs', () => ${never})\n`)
  const root = join(import.meta.dirname, '../..')
  const silentMs = 3_000
  const begun = performance.now()
  assert.notEqual(await testUnderDeno(root, { args: [file], env: process.env, silentMs }), 0)
  // It was not something else that ended it.
  assert.ok(performance.now() - begun >= silentMs)
})
