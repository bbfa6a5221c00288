import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { COMMANDS } from '../../src/cli/commands.ts'
import { SHELLS } from '../../src/cli/completion.ts'
import { endpointCommands } from '../../src/cli/endpoint-commands.ts'
import { desk } from './command-line.ts'

for (const shell of SHELLS) {
  test(`the completion of ${shell} knows every command and its options`, async () => {
    await using user = await desk()
    const { stdout } = await user.type(`completion ${shell}`)
    for (const { words, options } of [...COMMANDS, ...endpointCommands()]) {
      for (const word of words) assert.ok(stdout.includes(word), word)
      for (const option of Object.keys(options)) assert.ok(stdout.includes(option), option)
    }
  })
}

test('bash finds nothing wrong in its completion', async () => {
  await using user = await desk()
  const { stdout } = await user.type('completion bash')
  const bash = spawn('bash', ['-n'], { stdio: ['pipe', 'ignore', 'inherit'] })
  bash.stdin.end(stdout)
  const [code] = await once(bash, 'exit')
  assert.equal(code, 0)
})

/** What bash would offer after these words, the last of them unfinished. */
async function offered(script: string, words: readonly string[]): Promise<string[]> {
  const asked = `${script}
COMP_WORDS=(${words.map((word) => `"${word}"`).join(' ')}); COMP_CWORD=${words.length - 1}
_cloudlet; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout } = await promisify(execFile)('bash', ['-c', asked])
  return stdout.trim().split('\n')
}

test('bash completes commands, their second words and their options', async () => {
  await using user = await desk()
  const { stdout } = await user.type('completion bash')
  assert.deepEqual(await offered(stdout, ['cloudlet', 'renam']), ['rename'])
  assert.deepEqual(await offered(stdout, ['cloudlet', 'tenant', 'cr']), ['create'])
  assert.deepEqual(await offered(stdout, ['cloudlet', 'tenants', 'up']), ['update'])
  assert.deepEqual(await offered(stdout, ['cloudlet', 'rm', 'hello', '--fo']), ['--force'])
  assert.deepEqual(await offered(stdout, ['cloudlet', '--json', 'run', '--mem']), ['--memory'])
  assert.deepEqual(await offered(stdout, ['cloudlet', 'key', 'create', '--prof']), ['--profile'])
})
