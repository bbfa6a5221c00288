/** What a terminal would act on instead of showing it, and what reorders the text around it. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu
const NO_WIDTH = /\p{M}|\u200b|\u200d|\ufe0f/u
const WIDE =
  /\p{Emoji_Presentation}|\p{Script=Han}|\p{Script=Hangul}|\p{Script=Hiragana}|\p{Script=Katakana}|[\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u

/** Text of somebody else, made fit for a terminal: one line, and nothing that it would obey. */
export function visible(text: string): string {
  return text.replaceAll(UNSAFE, (character) => {
    const code = character.charCodeAt(0)
    if (character === '\n') return String.raw`\n`
    if (character === '\t') return String.raw`\t`
    return code < 256
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`
  })
}

// oxlint-disable-next-line no-control-regex -- an escape begins a colour
const COLOR = /(\u001b\[[0-9;]{0,32}m)/

/** A log line for a terminal: colours and tabs stay, everything else that it would obey is shown. */
export function visibleLog(text: string): string {
  return text
    .split(COLOR)
    .map((part) => (COLOR.test(part) ? part : part.split('\t').map(visible).join('\t')))
    .join('')
}

/** How many columns the text takes on a terminal. */
export function width(text: string): number {
  let columns = 0
  for (const character of text) columns += widthOf(character)
  return columns
}

/** The text in at most so many columns, with a sign that something is missing. */
export function cut(text: string, columns: number): string {
  if (width(text) <= columns) return text
  let kept = ''
  let used = 1 // The sign's own.
  for (const character of text) {
    used += widthOf(character)
    if (used > columns) break
    kept += character
  }
  return `${kept}…`
}

function widthOf(character: string): number {
  if (NO_WIDTH.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}
