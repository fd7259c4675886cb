import { type LinkProps, useLinkProps } from '@tanstack/react-router'
import type { AnchorHTMLAttributes, ReactNode } from 'react'

type Anchor = Pick<AnchorHTMLAttributes<HTMLAnchorElement>, 'className' | 'title' | 'style' | 'onClick'>

interface Props extends LinkProps, Anchor {
  /** Whether it is what the page shows now. */
  current?: boolean
  children?: ReactNode
}

/**
 * A link to the same page with other words behind the `?`. Which of them is shown now, the page knows: the router would
 * call every link current that asks for less than what is shown.
 */
export function ChoiceLink({ current = false, children, className, title, ...link }: Props) {
  const props = useLinkProps({ ...link, activeProps: {} })
  return (
    <a {...props} className={className} title={title} aria-current={current ? 'true' : undefined}>
      {children}
    </a>
  )
}
