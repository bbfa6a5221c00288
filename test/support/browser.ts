import assert from 'node:assert/strict'

export interface Page {
  readonly url: string
  readonly status: number
  readonly text: string
  readonly headers: Headers
}

/** More pages than any sign-in has. */
const MOST_STEPS = 15

/** As much of a browser as a sign-in needs: cookies of each origin, redirects, and forms. */
export class Browser {
  readonly #cookies = new Map<string, Map<string, string>>()
  /** Where it went last, whether or not anybody was there. */
  last = ''

  /** What is remembered for an origin. */
  cookie(origin: string, name: string): string | undefined {
    return this.#cookies.get(origin)?.get(name)
  }

  /** Goes to an address and fills in each form on the way, until there is neither form nor redirect. */
  async visit(url: string, login: string): Promise<Page> {
    let page = await this.#ask(url, {})
    for (let step = 0; step < MOST_STEPS; step++) {
      const location = page.headers.get('location')
      const form = formIn(page.text, login)
      if (location !== null) page = await this.#ask(new URL(location, page.url).href, {})
      else if (form) page = await this.#ask(new URL(form.action, page.url).href, form.init)
      else return page
    }
    throw new Error(`There is no end to the way from ${url}`)
  }

  async #ask(url: string, init: RequestInit): Promise<Page> {
    this.last = url
    const { origin } = new URL(url)
    const jar = this.#cookies.get(origin) ?? new Map<string, string>()
    this.#cookies.set(origin, jar)
    const headers = new Headers({ accept: 'text/html', ...Object(init.headers) })
    headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '))
    const answer = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of answer.headers.getSetCookie()) keep(jar, line)
    return { url, status: answer.status, headers: answer.headers, text: await answer.text() }
  }
}

function keep(jar: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split(';')
  const [name = '', value = ''] = pair.split(/=(.*)/s)
  const isOver = attributes.some((one) => /^\s*(max-age=0|expires=thu, 01 jan 1970.*)$/i.test(one))
  if (isOver || value === '') jar.delete(name)
  else jar.set(name, value)
}

function formIn(text: string, login: string) {
  const action = /<form[^>]*action="([^"]+)"/.exec(text)?.[1]
  if (action === undefined) return undefined
  const prompt = /name="prompt" value="(\w+)"/.exec(text)?.[1]
  assert.ok(prompt !== undefined, 'a form that nobody knows')
  const body = new URLSearchParams({ prompt, login, password: 'any' })
  return { action: action.replaceAll('&amp;', '&'), init: { method: 'POST', body } }
}
