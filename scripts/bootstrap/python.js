import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BootstrapError } from './failure.js'
import { withLock } from './lock.js'
import { run } from './run.js'

/** Exact versions of all that is installed, of what is wanted and of what that needs. */
const REQUIREMENTS = 'test/tools/requirements.txt'
/** In the clone's own ignored folder: nothing of the system's Python is touched. */
const FOLDER = 'tmp/python'
const STAMP = `${FOLDER}/.requirements`

/**
 * Brings the tools of the tests that are written in Python. Not a virtual environment: a folder on the
 * path of one program does all that is needed of it.
 *
 * @param {string} root
 * @param {{ say: (message: string) => void, env: NodeJS.ProcessEnv, checkOnly: boolean }} tools
 */
export async function ensurePythonTools(root, { say, env, checkOnly }) {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, REQUIREMENTS)))
    .digest('hex')
  const stamp = join(root, STAMP)
  const isHere = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted
  if (isHere()) return
  const pip = ['python3', '-m', 'pip', 'install', '--quiet', '--target', FOLDER, '-r', REQUIREMENTS]
  if (checkOnly) {
    throw new BootstrapError('The Python tools of the tests are missing', {
      lines: [pip.join(' ')],
    })
  }
  await withLock(join(root, 'tmp/python.lock'), say, async () => {
    if (isHere()) return // the other bootstrap has done it
    say('Installing the Python tools of the tests')
    rmSync(join(root, FOLDER), { recursive: true, force: true })
    const { status, output } = await run(pip, { cwd: root, env, quiet: true })
    if (status !== 0) throw new BootstrapError(`pip install failed:\n${output.slice(-4000)}`)
    writeFileSync(stamp, wanted)
  })
}
