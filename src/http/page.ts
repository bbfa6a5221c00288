import { html } from 'hono/html'
import { Failure } from '../core/failure.ts'
import { PROBLEMS } from './problem.ts'
import type { AppContext } from './shell.ts'

/** A page without any style or script of its own. The template escapes what is put into it. */
export const page = (title: string, ...paragraphs: readonly string[]) =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>Cloudlet: ${title}</title>
      </head>
      <body>
        <h1>${title}</h1>
        ${paragraphs.map((text) => html`<p>${text}</p>`)}
        <p><a href="/">Cloudlet</a></p>
      </body>
    </html> `

/** For what a browser is sent to: a failure is a page where one is asked for, else a problem as ever. */
export const forPeople =
  (handle: (c: AppContext) => Promise<Response>) =>
  async (c: AppContext): Promise<Response> => {
    try {
      return await handle(c)
    } catch (error) {
      const isForPerson = (c.req.header('accept') ?? '').includes('text/html')
      if (!(error instanceof Failure) || !isForPerson) throw error
      c.set('problem', error.code)
      const { status, title } = PROBLEMS[error.code]
      return c.html(page(title, error.message), status)
    }
  }
