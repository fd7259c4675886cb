import { useMutation, useQuery } from '@tanstack/react-query'
import { pinsQuery } from '../../api/queries.ts'
import { approvePins } from '../../api/servers.ts'
import type { Pin, Server } from '../../api/shapes.ts'
import { useRefresh } from '../../api/use-refresh.ts'
import { Button } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Empty } from '../../parts/empty.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Notice } from '../../parts/notice.tsx'
import { useSay } from '../../parts/toasts.tsx'
import { ChangeReview } from './change-review.tsx'
import { PinChooser } from './pin-chooser.tsx'

/** Definitions of tools that are not as they were approved. */
export function ServerChanges({ slug, server }: { slug: string; server: Server }) {
  const pins = useQuery(pinsQuery(slug, server.name, 'changed'))
  return (
    <>
      <Loaded query={pins} height="12rem">
        {({ items }) => <Waiting slug={slug} server={server} pins={items} />}
      </Loaded>
      <Card title="When a definition changes">
        <PinChooser slug={slug} server={server} />
      </Card>
    </>
  )
}

function Waiting({ slug, server, pins }: { slug: string; server: Server; pins: readonly Pin[] }) {
  const approve = useApproval(slug, server.name)
  const waiting = pins.flatMap(({ tool, pending }) => (pending ? [{ tool, hash: pending.hash }] : []))
  if (waiting.length === 0)
    return (
      <Card>
        <Empty title="Nothing waits for review">
          Every tool is as it was approved. When the server changes a definition, the change is shown here.
        </Empty>
      </Card>
    )
  return (
    <>
      <Notice
        tone="warn"
        title={`${waiting.length} ${waiting.length === 1 ? 'tool has' : 'tools have'} changed since approval`}
      >
        <p>{meanwhile(server)}</p>
        {waiting.length > 1 && (
          <p>
            <Button small busy={approve.isPending} onClick={() => approve.mutate(waiting)}>
              Approve all {waiting.length} as shown here
            </Button>
          </p>
        )}
      </Notice>
      {approve.isError && <ErrorNotice error={approve.error} />}
      {pins.map((pin) => (
        <ChangeReview
          key={pin.tool}
          pin={pin}
          held={server.pin === 'enforce'}
          busy={approve.isPending}
          onApprove={(hash) => approve.mutate([{ tool: pin.tool, hash }])}
        />
      ))}
    </>
  )
}

function meanwhile({ heldBack, changedTools, pin }: Server): string {
  if (heldBack > 0) {
    const who = heldBack === changedTools ? 'Held back' : `${heldBack} of them held back`
    return `${who}: clients do not see what is held back, and cannot call it, until somebody approves.`
  }
  return pin === 'off'
    ? 'Nobody is warned: changes of this server are not looked at.'
    : 'They can be used meanwhile, as they are now: this server is set to warn only.'
}

/** By the hashes that were on the screen: what the server changed since then stays unapproved. */
function useApproval(slug: string, server: string) {
  const refresh = useRefresh()
  const say = useSay()
  return useMutation({
    async mutationFn(all: readonly { tool: string; hash: string }[]) {
      const { approved } = await approvePins(slug, server, all)
      await refresh(slug)
      say.done(
        approved.length === 1 ? `${approved[0]} is approved.` : `${approved.length} tools are approved.`,
      )
    },
    // What the server changed in between is to be seen before the next try.
    onError: () => refresh(slug),
  })
}
