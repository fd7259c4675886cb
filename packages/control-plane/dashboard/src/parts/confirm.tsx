import { useMutation } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { ErrorNotice } from './error-notice.tsx'
import { TextField } from './fields.tsx'

interface Props {
  title: string
  /** What will break, by name. */
  children: ReactNode
  /** What the button says: the act, not "OK". */
  act: string
  /** Has to be typed first, for what cannot be undone. */
  typed?: string
  onConfirm: () => Promise<unknown>
  onClose: () => void
}

/** Asks before something ends or breaks. Stays open and says why when it did not work. */
export function Confirm({ title, children, act, typed, onConfirm, onClose }: Props) {
  const [text, setText] = useState('')
  const work = useMutation({ mutationFn: onConfirm, onSuccess: onClose })
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          work.mutate()
        }}
      >
        <div className="stack close">{children}</div>
        {typed !== undefined && (
          <TextField label={`Type ${typed} to go on`} value={text} onChange={setText} autoComplete="off" />
        )}
        {work.isError && <ErrorNotice error={work.error} />}
        <div className="dialog-foot">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            look="danger"
            busy={work.isPending}
            disabled={typed !== undefined && text !== typed}
          >
            {act}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
