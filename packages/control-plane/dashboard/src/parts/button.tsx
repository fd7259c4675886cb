import { Link, type LinkProps } from '@tanstack/react-router'
import { LoaderCircle } from 'lucide-react'
import type { ButtonHTMLAttributes, ReactNode } from 'react'

type Look = 'plain' | 'main' | 'danger' | 'quiet'

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look
  small?: boolean
  /** Something is under way because of it: it says so and cannot be pressed again. */
  busy?: boolean
}

export function Button({
  look = 'plain',
  small,
  busy = false,
  children,
  disabled,
  type,
  ...rest
}: ButtonProps) {
  return (
    <button
      type={type ?? 'button'}
      className={classOf(look, small)}
      disabled={disabled === true || busy}
      aria-busy={busy || undefined}
      {...rest}
    >
      {busy && <LoaderCircle size={16} className="spin" aria-hidden="true" />}
      {children}
    </button>
  )
}

/** Looks like a button and goes somewhere. */
export function ButtonLink({
  look = 'plain',
  small,
  children,
  ...link
}: LinkProps & { look?: Look; small?: boolean; children: ReactNode }) {
  return (
    <Link className={classOf(look, small)} {...link}>
      {children}
    </Link>
  )
}

function classOf(look: Look, small: boolean | undefined): string {
  return ['button', look, small ? 'small' : ''].filter((word) => word !== '' && word !== 'plain').join(' ')
}
