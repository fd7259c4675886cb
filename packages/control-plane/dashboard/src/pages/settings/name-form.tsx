import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { Workspace } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { TextField } from '../../parts/fields.tsx'
import { useSay } from '../../parts/toasts.tsx'
import { useChangeWorkspace } from './change-workspace.ts'

export function NameForm({ workspace }: { workspace: Workspace }) {
  const [name, setName] = useState(workspace.name)
  const change = useChangeWorkspace(workspace.slug)
  const say = useSay()
  const save = useMutation({
    mutationFn: () => change({ name: name.trim() }),
    onSuccess: () => say.done('The name is saved.'),
  })
  return (
    <form
      className="stack close"
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate()
      }}
    >
      <TextField label="Name" value={name} onChange={setName} maxLength={100} autoComplete="off" required />
      {save.isError && <ErrorNotice error={save.error} />}
      <div className="row">
        <Button type="submit" busy={save.isPending} disabled={name.trim() === workspace.name}>
          Save the name
        </Button>
      </div>
    </form>
  )
}
