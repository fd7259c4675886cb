import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { Workspace } from '../../api/shapes.ts'
import { Badge } from '../../parts/badge.tsx'
import { Card } from '../../parts/card.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { Switch } from '../../parts/fields.tsx'
import { useSay } from '../../parts/toasts.tsx'
import { useChangeWorkspace } from './change-workspace.ts'

/** Whether the log keeps what calls said, and what that means before it does. */
export function CaptureCard({ workspace }: { workspace: Workspace }) {
  const [asking, setAsking] = useState(false)
  const change = useChangeWorkspace(workspace.slug)
  const say = useSay()
  const isOn = workspace.audit.capture === 'on'
  const turnOff = useMutation({
    mutationFn: () => change({ audit: { capture: 'off' } }),
    onSuccess: () => say.done('Nothing more is kept of what calls say.'),
  })
  return (
    <Card
      title="What calls said"
      actions={<Badge tone={isOn ? 'info' : 'quiet'}>{isOn ? 'Kept' : 'Not kept'}</Badge>}
    >
      <p className="row top switch-row">
        <Switch
          label="Keep arguments and results of calls"
          checked={isOn}
          disabled={turnOff.isPending}
          onChange={(on) => (on ? setAsking(true) : turnOff.mutate())}
        />
        <span>
          <span className="strong">Keep arguments and results of calls</span>
          <span className="hint line">
            {isOn
              ? 'Each row of the log shows them. Switching it off leaves what was kept until now.'
              : 'The log keeps who called what, when, and how it went. Nothing of what was said.'}
          </span>
        </span>
      </p>
      {turnOff.isError && <ErrorNotice error={turnOff.error} />}
      {asking && <TurnOn change={change} onClose={() => setAsking(false)} />}
    </Card>
  )
}

function TurnOn({ change, onClose }: { change: ReturnType<typeof useChangeWorkspace>; onClose: () => void }) {
  const say = useSay()
  async function turnOn() {
    await change({ audit: { capture: 'on' } })
    say.done('From the next call on, arguments and results are kept.')
  }
  return (
    <Confirm title="Keep what calls say" act="Keep it from now on" onConfirm={turnOn} onClose={onClose}>
      <p>From the next call on, the log holds what members and tools say to each other, as plain text:</p>
      <ul className="bullets stack close">
        <li>up to 64 KiB of the arguments and of the result of each call, for as long as the row is kept;</li>
        <li>
          without the values of this workspace's credentials, and without what is named or looks like a
          secret: passwords, tokens, keys. A secret that has neither such a name nor such looks is kept as it
          came;
        </li>
        <li>
          readable by admins and owners for every call, and by developers for their own, unless the rules of
          their token forbid the tool.
        </li>
      </ul>
      <p>Tell the members. A row in the log says who turned it on.</p>
    </Confirm>
  )
}
