import { Link } from '@tanstack/react-router'

interface Props<T extends string> {
  label: string
  current: T
  tabs: readonly { value: T; label: string; count?: number }[]
}

/** Parts of one page. Each is a link with `?tab=`, so that it can be sent to somebody. */
export function Tabs<T extends string>({ label, current, tabs }: Props<T>) {
  return (
    <nav className="tabs" aria-label={label}>
      {tabs.map(({ value, label: text, count }) => (
        <Link
          key={value}
          to="."
          search={(before: Record<string, unknown>) => ({ ...before, tab: value })}
          aria-current={value === current ? 'page' : undefined}
          resetScroll={false}
        >
          {text}
          {count !== undefined && count > 0 && ` (${count})`}
        </Link>
      ))}
    </nav>
  )
}
