import { GLOBAL_OPTIONS } from './arguments.ts'
import type { Command } from './command.ts'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** Completes words and options; the names of things are not asked for, so that Tab never waits. */
export function completionScript(shell: Shell, commands: readonly Command[]): string {
  const places = placesOf(commands)
  if (shell === 'fish') return fish(commands, places)
  return shell === 'bash' ? bash(places) : zsh(places)
}

/** What may follow the words typed so far. */
interface Place {
  readonly words: string
  readonly follow: readonly string[]
}

function placesOf(commands: readonly Command[]): readonly Place[] {
  const firsts = unique(commands.map(({ words }) => words[0] ?? ''))
  const groups = firsts.map((first) => ({
    words: first,
    follow: [
      ...unique(
        commands.filter(({ words }) => words[0] === first).flatMap(({ words }) => words.slice(1)),
      ),
      ...commands.filter(({ words }) => words.join(' ') === first).flatMap(optionsOf),
    ],
  }))
  const pairs = commands
    .filter(({ words }) => words.length === 2)
    .map((command) => ({ words: command.words.join(' '), follow: optionsOf(command) }))
  return [{ words: '', follow: firsts }, ...groups, ...pairs]
}

const GLOBALS = Object.keys(GLOBAL_OPTIONS).map((name) => `--${name}`)
const optionsOf = ({ options }: Command): string[] =>
  Object.keys(options).map((name) => `--${name}`)
const unique = (words: readonly string[]): string[] => [...new Set(words)]

/** The longest match first: a shell's `case` takes the first that fits. */
function cases(places: readonly Place[], action: (follow: string) => string): string {
  return places
    .toReversed()
    .map(({ words, follow }) => {
      const pattern = words === '' ? '""' : `"${words}"|"${words} "*`
      return `    ${pattern}) ${action(follow.join(' '))} ;;`
    })
    .join('\n')
}

function bash(places: readonly Place[]): string {
  return `# bash completion of cloudlet
_cloudlet() {
  local current="\${COMP_WORDS[COMP_CWORD]}" typed="" follow="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) typed="\${typed:+$typed }$word" ;; esac
  done
  case "$typed" in
${cases(places, (follow) => `follow="${follow}"`)}
  esac
  COMPREPLY=($(compgen -W "$follow ${GLOBALS.join(' ')}" -- "$current"))
}
complete -o default -F _cloudlet cloudlet
`
}

function zsh(places: readonly Place[]): string {
  return `#compdef cloudlet
_cloudlet() {
  local typed="" word
  local -a follow
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$word" in -*) ;; *) typed="\${typed:+$typed }$word" ;; esac
  done
  case "$typed" in
${cases(places, (follow) => `follow=(${follow})`)}
  esac
  compadd -- $follow ${GLOBALS.join(' ')}
}
if [ "$funcstack[1]" = _cloudlet ]; then _cloudlet "$@"; else compdef _cloudlet cloudlet; fi
`
}

function fish(commands: readonly Command[], places: readonly Place[]): string {
  const lines = places.flatMap(({ words, follow }) =>
    follow
      .filter((word) => !word.startsWith('-'))
      .map((word) => {
        const full = `${words} ${word}`.trim()
        const about = commands.find((one) => one.words.join(' ') === full)?.summary ?? ''
        return `complete -c cloudlet -f -n '__cloudlet_after "${words}"' -a ${word} -d ${quoted(about)}`
      }),
  )
  const options = commands.flatMap(({ words, options: own }) =>
    Object.entries(own).map(([name, { summary }]) => {
      const after = `__cloudlet_under "${words.join(' ')}"`
      return `complete -c cloudlet -n '${after}' -l ${name} -d ${quoted(summary)}`
    }),
  )
  const globals = Object.entries(GLOBAL_OPTIONS).map(
    ([name, { summary }]) => `complete -c cloudlet -l ${name} -d ${quoted(summary)}`,
  )
  return `# fish completion of cloudlet
function __cloudlet_typed
  string join ' ' (string match -v -- '-*' (commandline -opc)[2..-1])
end
function __cloudlet_after
  test "$(__cloudlet_typed)" = "$argv[1]"
end
function __cloudlet_under
  string match -q -- "$argv[1]*" "$(__cloudlet_typed)"
end
${[...lines, ...options, ...globals].join('\n')}
`
}

const quoted = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`
