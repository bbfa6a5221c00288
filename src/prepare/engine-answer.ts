import { request } from 'node:http'

const DEADLINE_MS = 5_000
const ANSWER_MOST_BYTES = 16 * 1024 * 1024

/** The text that the engine answers to one question, asked in no version of its API. */
export function engineAnswer(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(DEADLINE_MS)
    const asked = request({ socketPath, path, signal }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        text += chunk
        if (text.length > ANSWER_MOST_BYTES) answer.destroy(new Error('The answer is too long'))
      })
      answer.on('end', () => resolve(text))
      answer.on('error', reject)
    })
    asked.on('error', reject)
    asked.end()
  })
}
