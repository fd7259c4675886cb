import { Hono } from 'hono'
import { createLoginClients } from '../../manage/login-clients.ts'
import { asGatewayError, GatewayError } from '../../model/error.ts'
import { createAttempts } from '../callers/attempts.ts'
import { errorPage, statusOf } from '../pages/error-page.ts'
import { formPageHeaders, pageHeaders } from '../pages/page-headers.ts'
import { placeOf } from '../pages/place.ts'
import { addAuthorize } from './authorize.ts'
import { addCallback } from './callback.ts'
import { addDevice } from './device.ts'
import { addDiscovery, METADATA_PATH, RESOURCE_ROUTE } from './discovery.ts'
import {
  AUTHORIZE_PATH,
  CALLBACK_PATH,
  CHECK_PATH,
  CLIENT_DOCUMENT_PATH,
  DECIDE_PATH,
  DEVICE_PATH,
  type Door,
  FINISH_PATH,
  INVITE_PATH,
  type Limits,
  type OAuthContext,
  REGISTER_PATH,
  REVOKE_PATH,
  TOKEN_PATH,
} from './door.ts'
import { addInvite } from './invite.ts'
import { answerOAuthError, asOAuthError } from './oauth-error.ts'
import { addRegister } from './register.ts'
import { addRevoke } from './revoke.ts'
import { addToken } from './token.ts'

/** How people, programs and devices get a token: `/oauth/…` and `/invite/…`. Host and Origin are judged in front of it. */
export function createOAuthApp(context: OAuthContext): Hono {
  const app = new Hono()
  const { manage } = context
  const clients = createLoginClients(manage)
  const door: Door = { ...context, app, clients, limits: createLimits(() => manage.clock.now()) }

  for (const path of ['/oauth/*', `${INVITE_PATH}/*`]) {
    app.use(path, path === '/oauth/*' ? formPageHeaders : pageHeaders)
    app.use(path, async (c, next) => {
      await next()
      c.header('cache-control', 'no-store')
    })
  }
  addDiscovery(door)
  addRegister(door)
  addRevoke(door)
  addAuthorize(door)
  addToken(door)
  addDevice(door)
  addInvite(door)
  addCallback(door)
  for (const [path, methods] of Object.entries(METHODS)) {
    app.all(path, (c) => c.text(`This address takes ${methods}.\n`, 405, { allow: methods }))
  }

  app.onError((thrown, c) => {
    if (speaksJson(c.req.method, c.req.path)) {
      return answerOAuthError(c, asOAuthError(thrown, context.reportError))
    }
    const error = asGatewayError(thrown)
    const status = statusOf(error.code)
    if (status >= 500) context.reportError(error)
    return c.html(errorPage(placeOf(context.publicUrl, c), withAdvice(error)), status)
  })
  return app
}

const METHODS = {
  [AUTHORIZE_PATH]: 'GET, POST',
  [TOKEN_PATH]: 'POST',
  [REGISTER_PATH]: 'POST',
  [REVOKE_PATH]: 'POST',
  [RESOURCE_ROUTE]: 'GET',
  [METADATA_PATH]: 'GET',
  [DEVICE_PATH]: 'GET, POST',
  [CHECK_PATH]: 'POST',
  [DECIDE_PATH]: 'POST',
  [CALLBACK_PATH]: 'GET',
  [FINISH_PATH]: 'GET, POST',
  [CLIENT_DOCUMENT_PATH]: 'GET',
  [`${INVITE_PATH}/:code`]: 'GET',
}

/** What programs ask, and not people. */
function speaksJson(method: string, path: string): boolean {
  return method === 'POST' && [TOKEN_PATH, REGISTER_PATH, REVOKE_PATH, DEVICE_PATH].includes(path)
}

/** People come here by a link that a program made. */
function withAdvice(error: GatewayError): GatewayError {
  if (error.fix !== undefined) return error
  const { code, message, cause } = error
  return new GatewayError(code, message, {
    cause,
    fix: 'Go back to the program that brought you here and start the login again.',
  })
}

const MINUTE_MS = 60_000

function createLimits(now: () => number): Limits {
  const limit = (max: number, windowMs: number, isAny = isWrong) =>
    createAttempts({ max, windowMs, now, isWrong: isAny })
  return {
    proofs: limit(20, 10 * MINUTE_MS),
    userCodes: limit(5, 10 * MINUTE_MS),
    allUserCodes: limit(100, MINUTE_MS),
    clients: limit(20, 10 * MINUTE_MS, () => true),
  }
}

/** A good token that may not do what was asked is no guess. */
function isWrong(error: unknown): boolean {
  const { code } = asGatewayError(error)
  return code === 'unauthenticated' || code === 'not_found'
}
