import { z } from 'zod'
import { endLogin } from '../../manage/end-login.ts'
import { type Door, REVOKE_PATH } from './door.ts'
import { NO_STORE } from './oauth-error.ts'
import { formLimit, readForm } from './read-fields.ts'
import { required } from './required.ts'

const schema = z.object({ token: z.string().exactOptional() })

/**
 * A program gives its token back (RFC 7009). Having the token is all the proof there is, and enough: the worst that a thief
 * can do so is to end what was stolen. Whatever was sent, the answer is the same, so nobody learns which tokens are good.
 */
export function addRevoke({ app, manage }: Door): void {
  app.post(REVOKE_PATH, formLimit, async (c) => {
    const { token } = await readForm(c, schema)
    await endLogin(manage, required('token', token))
    return c.body(null, 200, NO_STORE)
  })
}
