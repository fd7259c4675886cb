import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { changeServer } from '../../api/servers.ts'
import type { Server } from '../../api/shapes.ts'
import { useRefresh } from '../../api/use-refresh.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { Switch } from '../../parts/fields.tsx'
import { useSay } from '../../parts/toasts.tsx'
import { WhatBreaks } from './what-breaks.tsx'

/** Turns a server on at once, and off only after saying what stops. */
export function ServerSwitch({ slug, server: { name, enabled } }: { slug: string; server: Server }) {
  const [asking, setAsking] = useState(false)
  const refresh = useRefresh()
  const say = useSay()
  const change = async (on: boolean) => {
    await changeServer(slug, name, { enabled: on })
    await refresh(slug)
    say.done(`${name} is ${on ? 'on' : 'off'}.`)
  }
  const turnOn = useMutation({ mutationFn: () => change(true), onError: say.failed })
  return (
    <>
      <Switch
        label={`${name} is on`}
        checked={enabled || turnOn.isPending}
        disabled={turnOn.isPending}
        onChange={(on) => (on ? turnOn.mutate() : setAsking(true))}
      />
      {asking && (
        <Confirm
          title={`Switch ${name} off?`}
          act="Switch off"
          onConfirm={() => change(false)}
          onClose={() => setAsking(false)}
        >
          <WhatBreaks slug={slug} server={name} />
          <p className="soft">
            Its settings and its credential stay. You can switch it on again at any time.
          </p>
        </Confirm>
      )}
    </>
  )
}
