import { useQueryClient } from '@tanstack/react-query'

/**
 * Has the pages ask again after a change. Resolves when what is on the screen is new, so that a dialog can wait for it
 * before it closes.
 */
export function useRefresh(): (workspace?: string) => Promise<void> {
  const client = useQueryClient()
  return (workspace) =>
    client.invalidateQueries({
      queryKey: workspace === undefined ? ['installation'] : ['workspace', workspace],
    })
}
