import { order } from '../api/request.ts'
import type { Token } from '../api/shapes.ts'
import { Confirm } from '../parts/confirm.tsx'
import { useSay } from '../parts/toasts.tsx'
import { type TokenHome, tokensPath, useTokenRefresh } from './token-home.ts'
import { WhatEnds } from './what-ends.tsx'

interface Props {
  home: TokenHome
  token: Token
  onClose: () => void
}

/** Revokes a token, or ends a session, after saying what that breaks. */
export function EndToken({ home, token, onClose }: Props) {
  const refresh = useTokenRefresh(home)
  const say = useSay()
  const isSession = token.kind === 'session'
  async function end() {
    await order('DELETE', [...tokensPath(home), token.id])
    await refresh()
    say.done(isSession ? `The session of ${token.member} has ended.` : `"${token.name}" is revoked.`)
  }
  return (
    <Confirm
      title={isSession ? `End the session of ${token.member}` : `Revoke "${token.name}"`}
      act={isSession ? 'End the session' : 'Revoke the token'}
      onConfirm={end}
      onClose={onClose}
    >
      <p>
        {isSession
          ? 'That browser is signed out at once. The token it signed in with stays.'
          : 'Whatever uses it is refused from the next request on, and what it has open is closed. It cannot be brought back.'}
      </p>
      <WhatEnds home={home} token={token} />
    </Confirm>
  )
}
