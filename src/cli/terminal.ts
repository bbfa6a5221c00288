import { Buffer } from 'node:buffer'
import process from 'node:process'
import type { ReadStream, WriteStream } from 'node:tty'
import { CommandError, EXIT, usageError } from './exit.ts'
import type { Input, Output } from './world.ts'

/** A stream of this process. Who reads it may stop early, as `head` does: then there is nobody to tell. */
export function outputOf(stream: WriteStream): Output {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed)
  })
  return {
    isTty: stream.isTTY,
    get columns() {
      return stream.columns ?? 80
    },
    write: (text) =>
      new Promise((resolve) => {
        stream.write(text, () => resolve())
      }),
  }
}

/** Questions go to stderr, so that stdout holds the answer of the command alone. */
export function inputOf(stdin: ReadStream, stderr: WriteStream, signal: AbortSignal): Input {
  return {
    isTty: stdin.isTTY,
    ask: async (question, { echo = true } = {}) => {
      stderr.write(question)
      if (!echo) stdin.setRawMode(true)
      try {
        return await typedLine(stdin, signal)
      } finally {
        if (!echo) {
          stdin.setRawMode(false)
          stderr.write('\n')
        }
        stdin.pause()
      }
    },
    all: async (limitChars) => {
      const parts: Buffer[] = []
      let length = 0
      for await (const chunk of stdin) {
        const bytes = Buffer.from(chunk)
        length += bytes.length
        if (length > limitChars) throw usageError(`Cannot read more than ${limitChars} bytes`)
        parts.push(bytes)
      }
      return Buffer.concat(parts).toString('utf8')
    },
  }
}

const LINE_LIMIT_CHARS = 16_384
const INTERRUPT = '\u0003'
const END = '\u0004'
const ERASE = new Set(['\u0008', '\u007f'])

/** One line. In raw mode the terminal edits nothing, so erasing and Ctrl-C are understood here. */
function typedLine(stdin: ReadStream, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let line = ''
    const interrupted = () => end(() => reject(new CommandError(EXIT.interrupted, 'Stopped')))
    function take(chunk: Buffer): void {
      for (const character of chunk.toString('utf8')) {
        if (character === INTERRUPT) return interrupted()
        if ('\r\n'.includes(character) || character === END) return end(() => resolve(line))
        if (ERASE.has(character)) line = line.replace(/.$/u, '')
        else if (line.length < LINE_LIMIT_CHARS) line += character
      }
    }
    function end(finish: () => void): void {
      stdin.off('data', take)
      stdin.off('end', closed)
      signal.removeEventListener('abort', interrupted)
      finish()
    }
    const closed = () => end(() => resolve(line))
    stdin.on('data', take)
    stdin.once('end', closed)
    signal.addEventListener('abort', interrupted)
    stdin.resume()
  })
}
