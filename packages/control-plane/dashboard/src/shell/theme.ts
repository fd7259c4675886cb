import { useEffect, useState } from 'react'

export type Theme = 'light' | 'dark'

const KEY = 'mcpgw-theme'
const dark = matchMedia('(prefers-color-scheme: dark)')

function chosen(): Theme | undefined {
  const kept = localStorage.getItem(KEY)
  return kept === 'light' || kept === 'dark' ? kept : undefined
}

function current(): Theme {
  return chosen() ?? (dark.matches ? 'dark' : 'light')
}

const listeners = new Set<() => void>()

function apply(): void {
  document.documentElement.dataset.theme = current()
  for (const listener of listeners) listener()
}

/** Takes the system's colours, or those that were chosen here, before anything is drawn. */
export function startTheme(): void {
  apply()
  dark.addEventListener('change', apply)
}

/** The theme now, and a way to choose the other one; choosing what the system has goes back to following it. */
export function useTheme(): [Theme, () => void] {
  const [theme, setTheme] = useState(current)
  useEffect(() => {
    const listen = () => setTheme(current())
    listeners.add(listen)
    return () => void listeners.delete(listen)
  }, [])
  return [theme, () => choose(theme === 'dark' ? 'light' : 'dark')]
}

/** What was asked for: following the system is a wish, too. */
export type Wish = Theme | 'system'

/** The wish now, and a way to have another one. */
export function useThemeWish(): [Wish, (wish: Wish) => void] {
  const [wish, setWish] = useState(wishNow)
  useEffect(() => {
    const listen = () => setWish(wishNow())
    listeners.add(listen)
    return () => void listeners.delete(listen)
  }, [])
  return [wish, wishFor]
}

function wishNow(): Wish {
  return chosen() ?? 'system'
}

function wishFor(wish: Wish): void {
  if (wish === 'system') localStorage.removeItem(KEY)
  else localStorage.setItem(KEY, wish)
  apply()
}

function choose(theme: Theme): void {
  if ((theme === 'dark') === dark.matches) localStorage.removeItem(KEY)
  else localStorage.setItem(KEY, theme)
  apply()
}
