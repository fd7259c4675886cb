import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { changeServer, removeServer } from '../../api/servers.ts'
import type { Server } from '../../api/shapes.ts'
import { useRefresh } from '../../api/use-refresh.ts'
import { Button } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { Choices, SelectField, TextField } from '../../parts/fields.tsx'
import { useSay } from '../../parts/toasts.tsx'
import { useMay } from '../../shell/session.tsx'
import { FixedFacts } from './fixed-facts.tsx'
import { PinChooser } from './pin-chooser.tsx'
import { ServerLogin } from './server-login.tsx'
import { WhatBreaks } from './what-breaks.tsx'

export function ServerSettings({ slug, server }: { slug: string; server: Server }) {
  return (
    <>
      <Card title="How it is used">
        {/* What somebody else changed meanwhile is what one goes on from. */}
        <UseForm key={JSON.stringify(draftOf(server))} slug={slug} server={server} />
      </Card>
      <Card title="When a definition changes">
        <PinChooser slug={slug} server={server} />
      </Card>
      {server.oauth !== undefined && server.status !== 'needs_login' && (
        <Card title="Login">
          <ServerLogin slug={slug} server={server} />
        </Card>
      )}
      <Card title="What cannot change">
        <FixedFacts server={server} />
      </Card>
      <RemoveCard slug={slug} server={server} />
    </>
  )
}

interface UseDraft {
  prefix: Server['prefix']
  isolation: Server['isolation']
  seconds: string
  network: 'filtered' | 'open' | 'none' | 'default'
}

function draftOf({ prefix, isolation, timeoutMs, sandbox }: Server): UseDraft {
  const network = sandbox?.network
  return {
    prefix,
    isolation,
    seconds: String(timeoutMs / 1000),
    network: network === 'filtered' || network === 'open' || network === 'none' ? network : 'default',
  }
}

function UseForm({ slug, server }: { slug: string; server: Server }) {
  const may = useMay()
  const before = draftOf(server)
  const [draft, setDraft] = useState(before)
  const set = (change: Partial<UseDraft>) => setDraft({ ...draft, ...change })
  const save = useSave(slug, server.name)
  const mistake = secondsMistake(draft.seconds)
  const changed = JSON.stringify(draft) !== JSON.stringify(before)
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        if (mistake === undefined) save.mutate(changesOf(before, draft))
      }}
    >
      <Choices
        legend="Names of its tools"
        value={draft.prefix}
        onChange={(prefix) => set({ prefix })}
        options={[
          {
            value: 'always',
            label: `${server.name}__tool`,
            hint: 'Always with the name of the server in front.',
          },
          { value: 'on-collision', label: 'In front only where two servers have the same name' },
          {
            value: 'never',
            label: 'Never in front',
            hint: 'Where two have the same name, only one keeps it bare.',
          },
        ]}
      />
      {draft.prefix !== before.prefix && (
        <p className="small">
          The names of its tools change for every client. Configurations that list tools by name have to
          follow.
        </p>
      )}
      <Choices
        legend="Who shares a connection to it"
        value={draft.isolation}
        onChange={(isolation) => set({ isolation })}
        options={[
          {
            value: 'shared',
            label: 'Everybody',
            hint: 'The quickest, for servers that remember nothing of their callers.',
          },
          { value: 'per-member', label: 'One for each member' },
          {
            value: 'per-session',
            label: 'One for each session of a client',
            hint: 'For servers that remember what was said before.',
          },
        ]}
      />
      <TextField
        label="Longest time for a call, in seconds"
        hint="1 to 600. Most clients give up after 60 and then do not hear the reason."
        value={draft.seconds}
        onChange={(seconds) => set({ seconds })}
        mistake={mistake}
        inputMode="decimal"
        autoComplete="off"
      />
      {server.kind === 'hosted' && may('server.host') && (
        <SelectField
          label="Network"
          hint="What the program can reach. It is started anew with the change."
          value={draft.network}
          onChange={(network) => set({ network })}
          options={[
            ...(before.network === 'default' ? [{ value: 'default' as const, label: 'Not known' }] : []),
            { value: 'filtered', label: 'Filtered: only public addresses' },
            { value: 'open', label: 'Open: everything the machine reaches' },
            { value: 'none', label: 'None' },
          ]}
        />
      )}
      {save.isError && <ErrorNotice error={save.error} />}
      <div className="row">
        <Button type="submit" look="main" busy={save.isPending} disabled={!changed || mistake !== undefined}>
          Save
        </Button>
        {changed && <Button onClick={() => setDraft(before)}>Undo</Button>}
      </div>
    </form>
  )
}

function useSave(slug: string, server: string) {
  const refresh = useRefresh()
  const say = useSay()
  return useMutation({
    async mutationFn(change: Record<string, unknown>) {
      await changeServer(slug, server, change)
      await refresh(slug)
      say.done('Saved.')
    },
  })
}

function secondsMistake(text: string): string | undefined {
  const seconds = Number(text)
  return text.trim() !== '' && seconds >= 1 && seconds <= 600 && Number.isInteger(seconds * 1000)
    ? undefined
    : 'A number of seconds from 1 to 600.'
}

/** Only what was changed here: the rest may be changed by somebody else meanwhile. */
function changesOf(
  before: UseDraft,
  { prefix, isolation, seconds, network }: UseDraft,
): Record<string, unknown> {
  return {
    ...(prefix !== before.prefix && { prefix }),
    ...(isolation !== before.isolation && { isolation }),
    ...(seconds !== before.seconds && { timeoutMs: Number(seconds) * 1000 }),
    ...(network !== before.network && network !== 'default' && { network }),
  }
}

function RemoveCard({ slug, server: { name } }: { slug: string; server: Server }) {
  const [asking, setAsking] = useState(false)
  const refresh = useRefresh()
  const navigate = useNavigate()
  return (
    <Card title="Remove the server">
      <p>Its settings and its credential go with it. What it did stays in the log.</p>
      <div>
        <Button look="danger" onClick={() => setAsking(true)}>
          Remove {name}
        </Button>
      </div>
      {asking && (
        <Confirm
          title={`Remove ${name}?`}
          act="Remove the server"
          typed={name}
          onClose={() => setAsking(false)}
          onConfirm={async () => {
            await removeServer(slug, name)
            // Away first: this page would ask for what is gone.
            await navigate({ to: '/w/$slug/servers', params: { slug } })
            await refresh(slug)
          }}
        >
          <WhatBreaks slug={slug} server={name} />
          <p className="soft">
            Its credential and the approvals of its tools are forgotten. This cannot be undone.
          </p>
        </Confirm>
      )}
    </Card>
  )
}
