import { FirewallError } from '../ports/firewall.ts'
import { runProgram } from './host-program.ts'

/** Runs nft(8), with a script on its input where there is one; answers what it prints. */
export type RunNft = (
  words: readonly string[],
  script: string,
  signal: AbortSignal,
) => Promise<string>

/** nft(8) itself; other words than its name put it into a network namespace. */
export function runNft(program: readonly string[] = ['nft']): RunNft {
  return async (words, script, signal) => {
    const { code, said, complained } = await runProgram([...program, ...words], script, signal)
    if (code === 0) return said
    throw new FirewallError(`nft ${words.join(' ')}: ${complained.trim()}`)
  }
}
