import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { Workspace } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { Choices, TextField } from '../../parts/fields.tsx'
import { useSay } from '../../parts/toasts.tsx'
import { useChangeWorkspace } from './change-workspace.ts'

type Keeps = 'installation' | 'own'

const MOST_DAYS = 36_500

/** How long rows of the log are kept. Fewer days take rows away, so that asks first. */
export function RetentionCard({ workspace }: { workspace: Workspace }) {
  const before = workspace.audit.retentionDays
  const [keeps, setKeeps] = useState<Keeps>(before === null ? 'installation' : 'own')
  const [text, setText] = useState(String(before ?? 90))
  const [asking, setAsking] = useState(false)
  const change = useChangeWorkspace(workspace.slug)
  const say = useSay()
  const days = keeps === 'installation' ? null : Number(text)
  const mistake = days === null || isDays(days) ? undefined : `A whole number from 1 to ${MOST_DAYS}.`

  async function save() {
    await change({ audit: { retentionDays: days } })
    say.done(
      days === null ? 'The log is kept as the installation says.' : `The log is kept for ${days} days.`,
    )
  }
  const saving = useMutation({ mutationFn: save })
  const isShorter = days !== null && (before === null || days < before)
  return (
    <Card title="How long the log is kept">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (mistake !== undefined) return
          if (isShorter) setAsking(true)
          else saving.mutate()
        }}
      >
        <Choices
          legend="Rows of the log are kept"
          value={keeps}
          onChange={setKeeps}
          options={[
            {
              value: 'installation',
              label: 'As long as the installation says',
              hint: 'Which is for ever, unless its owner set a limit.',
            },
            { value: 'own', label: 'For a number of days of its own' },
          ]}
        />
        {keeps === 'own' && (
          <TextField
            label="Days"
            type="number"
            inputMode="numeric"
            min={1}
            max={MOST_DAYS}
            value={text}
            onChange={setText}
            mistake={mistake}
            required
          />
        )}
        {saving.isError && <ErrorNotice error={saving.error} />}
        <div className="row">
          <Button type="submit" busy={saving.isPending} disabled={days === before || mistake !== undefined}>
            Save
          </Button>
        </div>
      </form>
      {asking && (
        <Confirm
          title={`Keep ${days === 1 ? 'one day' : `${days} days`} of the log`}
          act="Prune older rows"
          onConfirm={save}
          onClose={() => setAsking(false)}
        >
          <p>
            Rows that are older are deleted soon after, and cannot be brought back. A signed record of each
            pruned part stays, so that the rest can still be verified. Export the log first if you may need
            it.
          </p>
        </Confirm>
      )}
    </Card>
  )
}

function isDays(days: number): boolean {
  return Number.isInteger(days) && days >= 1 && days <= MOST_DAYS
}
