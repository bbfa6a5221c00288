import { readFileSync } from 'node:fs'

/**
 * The profile of every container, as the engine takes it among the security options: an allow-list of
 * system calls, in the engine's own form, in which what hangs on a capability is allowed only with it.
 * What it leaves out, and why, is said in docs/decisions/seccomp-profile.md.
 */
export const SECCOMP_OPTION = `seccomp=${minified('seccomp.json')}`

function minified(file: string): string {
  return JSON.stringify(JSON.parse(readFileSync(`${import.meta.dirname}/${file}`, 'utf8')))
}
