import { X } from 'lucide-react'
import { type ReactNode, useId, useLayoutEffect, useRef } from 'react'
import { Button } from './button.tsx'

interface Props {
  title: string
  onClose: () => void
  wide?: boolean
  children: ReactNode
}

/**
 * A modal dialog, open for as long as it is rendered. The browser's own: it keeps the focus inside, closes on Escape,
 * and gives the focus back.
 */
export function Dialog({ title, onClose, wide = false, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()
  // Closed before it is taken off the page: from what is gone already, the browser gives no focus back.
  useLayoutEffect(() => {
    const element = dialog.current
    element?.showModal()
    // Where there is something to fill in, one begins there and not at the button that closes.
    element?.querySelector<HTMLElement>('.dialog-body :is(input, select, textarea)')?.focus()
    return () => element?.close()
  }, [])
  return (
    <dialog
      ref={dialog}
      className={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby={heading}
      onCancel={(event) => {
        // React renders it away; until then it stays as it is.
        event.preventDefault()
        onClose()
      }}
    >
      <div className="dialog-head">
        <h2 id={heading}>{title}</h2>
        <Button look="quiet" small aria-label="Close" onClick={onClose}>
          <X size={18} aria-hidden="true" />
        </Button>
      </div>
      <div className="dialog-body">{children}</div>
    </dialog>
  )
}
