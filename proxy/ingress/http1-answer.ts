import type { Socket } from 'node:net'
import { responseForClient } from '../core/http-forward.ts'
import type { ResponseHead } from '../core/http-response.ts'
import type { AnswerContent } from './client.ts'
import { writeContent } from './content.ts'
import type { Exchange } from './exchange.ts'

interface Asking {
  readonly exchange: Exchange
  readonly isHalfOpen: boolean
  readonly isDraining: boolean
  readonly date: string
}

/** Writes answers as HTTP/1.1 has them, one after the other. */
export class Http1Answer {
  readonly #socket: Socket
  #isChunked = false
  #isPersistent = false

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Whether the connection goes on after the present answer. */
  get isPersistent(): boolean {
    return this.#isPersistent
  }

  /** 1xx, without anything of its own. */
  inform(head: ResponseHead): void {
    const shape = { chunked: false, connection: '', date: '' } as const
    this.#socket.write(responseForClient(head, shape), 'latin1')
  }

  begin(head: ResponseHead, { bytes, body }: AnswerContent, asking: Asking): void {
    const { exchange } = asking
    const { line, meaning } = exchange.head
    const isOpenEnded = head.framing.kind === 'chunked' || head.framing.kind === 'until-close'
    this.#isChunked = isOpenEnded && line.minor === 1
    // An answer that comes before the request is complete may leave the client unsure whether to
    // send the rest, and so leave us unsure what comes next. A refused handshake likewise: bytes
    // sent ahead for the new protocol must not be read as requests (RFC 9110 §7.8, §10.1.1).
    this.#isPersistent =
      meaning.persistent &&
      exchange.isRequestDone &&
      !meaning.upgrade &&
      !asking.isHalfOpen &&
      !asking.isDraining &&
      (this.#isChunked || !isOpenEnded)
    const stays = line.minor === 0 ? 'keep-alive' : ''
    const before = responseForClient(head, {
      chunked: this.#isChunked,
      connection: this.#isPersistent ? stays : 'close',
      date: head.hasDate ? '' : asking.date,
    })
    const chunked = this.#isChunked
    writeContent(this.#socket, { bytes, body, chunked, before, isLent: true })
  }

  more({ bytes, body }: AnswerContent): void {
    const chunked = this.#isChunked
    writeContent(this.#socket, { bytes, body, chunked, before: '', isLent: true })
  }

  end(): void {
    if (this.#isChunked) this.#socket.write('0\r\n\r\n', 'latin1')
  }
}
