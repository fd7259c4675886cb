import { useMutation } from '@tanstack/react-query'
import { RefreshCw } from 'lucide-react'
import { checkServer } from '../../api/servers.ts'
import { useRefresh } from '../../api/use-refresh.ts'
import { Button } from '../../parts/button.tsx'
import { useSay } from '../../parts/toasts.tsx'

/** Connects to the server now; what came of it stands in the server's status afterwards. */
export function CheckButton({
  slug,
  server,
  small = false,
}: {
  slug: string
  server: string
  small?: boolean
}) {
  const refresh = useRefresh()
  const say = useSay()
  const check = useMutation({
    async mutationFn() {
      const { status, tools } = await checkServer(slug, server)
      await refresh(slug)
      if (status === 'ready') say.done(`${server} answers, with ${tools} ${tools === 1 ? 'tool' : 'tools'}.`)
    },
    onError: say.failed,
  })
  return (
    <Button small={small} busy={check.isPending} onClick={() => check.mutate()}>
      {!check.isPending && <RefreshCw size={15} aria-hidden="true" />}
      Check now
    </Button>
  )
}
