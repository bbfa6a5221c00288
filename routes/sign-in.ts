import {
  CALLBACK_PATH,
  exchangeCode,
  LOGIN_PATH,
  LoginQuery,
  logout,
  SESSION_SECONDS,
} from '../src/contract/sign-in.ts'
import { checkedQuery } from '../src/http/input.ts'
import { mount } from '../src/http/mount.ts'
import { forPeople, page } from '../src/http/page.ts'
import { forgetPending, keepPending, keepSession, pendingOf } from '../src/http/session-cookie.ts'
import { actorOf, type App } from '../src/http/shell.ts'
import type { SignInService } from '../src/services/sign-in.ts'

/** `redirectUrl`: where the provider sends the browser back to, as it is registered there. */
export function signInRoutes(app: App, signIn: SignInService, redirectUrl: URL): void {
  const isSecure = redirectUrl.protocol === 'https:'

  const begin = forPeople(async (c) => {
    // The cookie of this answer must be there when the browser comes back.
    if (c.req.header('host') !== redirectUrl.host) {
      const there = new URL(LOGIN_PATH, redirectUrl)
      there.search = new URL(c.req.url).search
      return c.redirect(there.href)
    }
    const { location, sealed } = await signIn.begin(checkedQuery(c, LoginQuery))
    keepPending(c, sealed, isSecure)
    return c.redirect(location.href)
  })

  const finish = forPeople(async (c) => {
    const callback = new URL(redirectUrl)
    callback.search = new URL(c.req.url).search
    const sealed = pendingOf(c, isSecure)
    forgetPending(c, isSecure)
    const { location, apiKey, email } = await signIn.finish({ callback, sealed, actor: actorOf(c) })
    if (location) return c.redirect(location.href)
    keepSession(c, apiKey, { isSecure, maxAgeSeconds: SESSION_SECONDS })
    // Not a redirect: a cookie that is `Strict` is not sent on a way that began at the provider.
    return c.html(page('Signed in', `You are signed in as ${email}.`))
  })

  app.get(LOGIN_PATH, begin)
  app.get(CALLBACK_PATH, finish)
  mount(app, exchangeCode, ({ body }) => signIn.exchange(body))
  mount(app, logout, (_input, { caller, actor }) => signIn.logout(caller, actor))
}
