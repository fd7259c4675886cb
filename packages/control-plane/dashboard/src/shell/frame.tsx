import { Link, Outlet, useLocation, useMatches, useParams } from '@tanstack/react-router'
import { Menu } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { Button } from '../parts/button.tsx'
import { Mark } from './mark.tsx'
import { type Destination, INSTALLATION_PAGES, WORKSPACE_PAGES } from './navigation.ts'
import { NotForYou } from './not-for-you.tsx'
import { useMay } from './session.tsx'
import { Sidebar } from './sidebar.tsx'

/** The house around every page of who is signed in: where one is, where one can go, who one is. */
export function Frame() {
  const [open, setOpen] = useState(false)
  const forbidden = useForbidden()
  const { slug } = useParams({ strict: false })
  const path = useLocation({ select: ({ pathname }) => pathname })
  const main = useRef<HTMLElement>(null)
  const first = useRef(true)
  useEffect(() => {
    setOpen(false)
    // A new page begins at its heading for who listens, as it would if the browser had loaded it.
    if (!first.current) main.current?.focus({ preventScroll: true })
    first.current = false
  }, [path])
  return (
    <div className="frame">
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <header className="topbar">
        <Button look="quiet" aria-label="Menu" aria-expanded={open} onClick={() => setOpen(!open)}>
          <Menu size={20} aria-hidden="true" />
        </Button>
        <Link to="/" className="brand">
          <Mark size={22} />
          <span>{slug ?? 'mcpgw'}</span>
        </Link>
      </header>
      <Sidebar open={open} slug={slug} onClose={() => setOpen(false)} />
      {open && (
        <button type="button" className="veil" aria-label="Close the menu" onClick={() => setOpen(false)} />
      )}
      <main className="main" id="main" ref={main} tabIndex={-1}>
        {forbidden === undefined ? <Outlet /> : <NotForYou title={forbidden.label} />}
      </main>
    </div>
  )
}

/** Where the address leads, if that is not in the menu of whoever is here. */
function useForbidden(): Destination | undefined {
  const may = useMay()
  const path = useMatches({ select: (matches) => matches.at(-1)?.fullPath ?? '' })
  return [...WORKSPACE_PAGES, ...INSTALLATION_PAGES].find(
    ({ to, needs }) => needs !== undefined && !may(needs) && (path === to || path.startsWith(`${to}/`)),
  )
}
