import { CircleCheck, CircleX, Info, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'

const ICON = { info: Info, good: CircleCheck, warn: TriangleAlert, bad: CircleX }

interface Props {
  tone?: keyof typeof ICON
  title?: ReactNode
  children?: ReactNode
}

/** Something to know, in its place on the page. Trouble is read out at once. */
export function Notice({ tone = 'info', title, children }: Props) {
  const Icon = ICON[tone]
  return (
    <div className={`notice ${tone}`} role={tone === 'bad' ? 'alert' : undefined}>
      <Icon size={18} aria-hidden="true" />
      <div>
        {title !== undefined && <strong>{title}</strong>}
        {children !== undefined && <div>{children}</div>}
      </div>
    </div>
  )
}
