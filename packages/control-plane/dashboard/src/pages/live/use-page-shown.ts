import { useSyncExternalStore } from 'react'

/** Whether the tab of this page is the one that is looked at. */
export function usePageShown(): boolean {
  return useSyncExternalStore(listen, () => document.visibilityState === 'visible')
}

function listen(onChange: () => void): () => void {
  document.addEventListener('visibilitychange', onChange)
  return () => document.removeEventListener('visibilitychange', onChange)
}
