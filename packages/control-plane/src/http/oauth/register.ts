import { registerClient } from '../../manage/login-clients.ts'
import { GatewayError } from '../../model/error.ts'
import { parseJson, readText, saysJson } from '../json/body.ts'
import { type Door, REGISTER_PATH } from './door.ts'
import { NO_STORE } from './oauth-error.ts'

const MAX_BODY_BYTES = 16 * 1024

/** Dynamic Client Registration (RFC 7591), for clients whose id is not yet the address of a document. */
export function addRegister({ app, manage, checkJson }: Door): void {
  app.post(REGISTER_PATH, async (c) => {
    if (!saysJson(c.req.raw.headers)) throw notJson()
    const body = await readText(c.req.raw, checkJson, MAX_BODY_BYTES)
    return c.json(registerClient(manage, parseJson(body)), 201, NO_STORE)
  })
}

function notJson(): GatewayError {
  return new GatewayError('invalid_request', 'The body must be sent as application/json.')
}
