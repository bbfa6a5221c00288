import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BootstrapError } from './failure.js'
import { withLock } from './lock.js'
import { run } from './run.js'

/** Where their versions are pinned, with those of what they need (`go.mod`, `go.sum`). */
const MODULE = 'test/tools/go'
const TOOLS = [
  'github.com/summerwind/h2spec/cmd/h2spec',
  'github.com/letsencrypt/pebble/v2/cmd/pebble',
]
/** In the clone's own ignored folder. */
const FOLDER = 'tmp/go'
const STAMP = `${FOLDER}/.tools`

/**
 * Builds the tools of the tests that are written in Go.
 *
 * @param {string} root
 * @param {{ say: (message: string) => void, env: NodeJS.ProcessEnv, checkOnly: boolean }} tools
 */
export async function ensureGoTools(root, { say, env, checkOnly }) {
  const wanted = [...TOOLS, readFileSync(join(root, MODULE, 'go.sum'), 'utf8')].join('\n')
  const stamp = join(root, STAMP)
  const isHere = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted
  if (isHere()) return
  const folder = join(root, FOLDER)
  const commands = TOOLS.map((tool) => ['go', 'build', '-o', `${folder}/`, tool])
  if (checkOnly) {
    throw new BootstrapError('The Go tools of the tests are missing', {
      lines: [`cd ${join(root, MODULE)}`, ...commands.map((command) => command.join(' '))],
    })
  }
  mkdirSync(folder, { recursive: true })
  await withLock(join(root, 'tmp/go.lock'), say, async () => {
    if (isHere()) return // the other bootstrap has done it
    say('Building the Go tools of the tests')
    for (const command of commands) {
      const goEnv = { ...env, GOFLAGS: '-buildvcs=false' }
      const { status, output } = await run(command, {
        cwd: join(root, MODULE),
        env: goEnv,
        quiet: true,
      })
      if (status !== 0) {
        throw new BootstrapError(`${command.join(' ')} failed:\n${output.slice(-4000)}`)
      }
    }
    writeFileSync(stamp, wanted)
  })
}
