import type { ReactNode } from 'react'

interface Props {
  title?: ReactNode
  /** Beside the title. */
  actions?: ReactNode
  /** Without room around its content, for tables. */
  flush?: boolean
  children: ReactNode
}

export function Card({ title, actions, flush = false, children }: Props) {
  return (
    <section className={flush ? 'card flush' : 'card'}>
      {(title !== undefined || actions !== undefined) && (
        <div className="card-head">
          {title !== undefined && <h2>{title}</h2>}
          {actions !== undefined && <div className="row">{actions}</div>}
        </div>
      )}
      <div className="card-body">{children}</div>
    </section>
  )
}
