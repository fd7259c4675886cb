import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRouter, useSearch } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { setupStateQuery, whoamiQuery } from '../../api/queries.ts'
import { tell } from '../../api/request.ts'
import { whoamiShape } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { SecretField } from '../../parts/fields.tsx'
import { Notice } from '../../parts/notice.tsx'
import { Mark } from '../../shell/mark.tsx'
import { safeNext } from '../../shell/safe-next.ts'

/** A token is exchanged for a session that no script can read; it is not kept here. */
export function SignInPage() {
  const [token, setToken] = useState('')
  const { next } = useSearch({ from: '/sign-in' })
  const router = useRouter()
  const client = useQueryClient()
  useEffect(() => {
    document.title = 'Sign in · mcpgw'
  }, [])
  const signIn = useMutation({
    mutationFn: () => tell('POST', whoamiShape, ['session'], { token: token.trim() }),
    async onSuccess(whoami) {
      client.clear()
      client.setQueryData(whoamiQuery.queryKey, whoami)
      setToken('')
      router.history.replace(router.options.basepath?.replace(/\/$/, '') + safeNext(next))
    },
  })
  return (
    <main className="alone">
      <div className="brand">
        <Mark />
        <span>mcpgw</span>
      </div>
      <Card>
        <h1>Sign in</h1>
        <NoOwnerYet />
        <p className="soft">
          Paste a token of yours. It is exchanged for a session of this browser, and is not kept on this page.
        </p>
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault()
            signIn.mutate()
          }}
        >
          <SecretField
            label="Token"
            hint="It begins with mcpgw_. An admin of your workspace can give you one."
            value={token}
            onChange={setToken}
            autoFocus
            required
          />
          {signIn.isError && <ErrorNotice error={signIn.error} />}
          <Button type="submit" look="main" busy={signIn.isPending}>
            Sign in
          </Button>
        </form>
      </Card>
    </main>
  )
}

/** Who opens a new gateway at its bare address has no token to paste. */
function NoOwnerYet() {
  const setup = useQuery(setupStateQuery)
  if (setup.data?.open !== true) return null
  return (
    <Notice title="This gateway has no owner yet">
      Open the link that mcpgw-server printed when it started: whoever does so first becomes the owner.
    </Notice>
  )
}
