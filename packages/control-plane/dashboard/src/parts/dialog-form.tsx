import type { ReactNode } from 'react'
import { Button } from './button.tsx'
import { ErrorNotice } from './error-notice.tsx'

interface Props {
  /** What the button that sends it says. */
  action: string
  look?: 'main' | 'danger'
  sending: { isPending: boolean; error: unknown }
  onSubmit: () => void
  onCancel: () => void
  children: ReactNode
}

/** A form that fills a dialog: its fields, what was wrong with them, and the way out beside the way on. */
export function DialogForm({ action, look = 'main', sending, onSubmit, onCancel, children }: Props) {
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        onSubmit()
      }}
    >
      {children}
      {sending.error != null && <ErrorNotice error={sending.error} />}
      <div className="dialog-foot">
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" look={look} busy={sending.isPending}>
          {action}
        </Button>
      </div>
    </form>
  )
}
