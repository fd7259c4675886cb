import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { tell } from '../../api/request.ts'
import { workspaceShape } from '../../api/shapes.ts'
import { useRefresh } from '../../api/use-refresh.ts'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { TextField } from '../../parts/fields.tsx'
import { useSay } from '../../parts/toasts.tsx'
import { isSlug, slugOf } from '../../people/slug.ts'
import { workspaceUrl } from '../../people/workspace-url.ts'

/** The slug follows the name until somebody types another one. */
export function CreateWorkspace({ taken, onClose }: { taken: readonly string[]; onClose: () => void }) {
  const [name, setName] = useState('')
  const [ownSlug, setOwnSlug] = useState<string>()
  const slug = ownSlug ?? (name.trim() === '' ? '' : slugOf(name))
  const navigate = useNavigate()
  const refresh = useRefresh()
  const say = useSay()
  const create = useMutation({
    mutationFn: () => tell('POST', workspaceShape, ['workspaces'], { slug, name: name.trim() }),
    async onSuccess(made) {
      await refresh()
      say.done(`The workspace "${made.name}" is there. Add its first server.`)
      await navigate({ to: '/w/$slug/servers', params: { slug: made.slug } })
    },
  })
  const mistake = mistakeIn(slug, taken)
  return (
    <Dialog title="Make a workspace" onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (mistake === undefined) create.mutate()
        }}
      >
        <TextField
          label="Name"
          hint="A team, a project, an environment."
          value={name}
          onChange={setName}
          maxLength={100}
          autoComplete="off"
          autoFocus
          required
        />
        <TextField
          label="In the URL"
          hint={<span className="wrap">It stays for good: {workspaceUrl(slug === '' ? '…' : slug)}</span>}
          value={slug}
          onChange={setOwnSlug}
          mistake={slug === '' ? undefined : mistake}
          maxLength={40}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          required
        />
        {create.isError && <ErrorNotice error={create.error} />}
        <div className="dialog-foot">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="main" busy={create.isPending}>
            Make it
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

function mistakeIn(slug: string, taken: readonly string[]): string | undefined {
  if (!isSlug(slug)) return 'Use 1 to 40 of a-z, 0-9 and "-", neither beginning nor ending with "-".'
  return taken.includes(slug) ? 'There is a workspace with this one.' : undefined
}
