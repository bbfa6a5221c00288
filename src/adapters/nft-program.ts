import { spawn } from 'node:child_process'
import { FirewallError } from '../ports/firewall.ts'

const DEADLINE_MS = 10_000
const OUTPUT_MOST_BYTES = 64 * 1024 * 1024

/** Runs nft(8), with a script on its input where there is one; answers what it prints. */
export type RunNft = (
  words: readonly string[],
  script: string,
  signal: AbortSignal,
) => Promise<string>

/** nft(8) itself; other words than its name put it into a network namespace. */
export function runNft([name = '', ...ahead]: readonly string[] = ['nft']): RunNft {
  return (words, script, signal) =>
    new Promise((resolve, reject) => {
      const either = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)])
      const child = spawn(name, [...ahead, ...words], { signal: either, stdio: 'pipe' })
      let [said, complained] = ['', '']
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (said.length > OUTPUT_MOST_BYTES) child.kill()
      })
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        complained = (complained + text).slice(0, 4096)
      })
      child.on('error', reject)
      child.on('close', (code) => {
        if (code === 0) resolve(said)
        else reject(new FirewallError(`nft ${words.join(' ')}: ${complained.trim()}`))
      })
      // One that has ended reads no more, and says so itself.
      child.stdin.on('error', () => undefined).end(script)
    })
}
