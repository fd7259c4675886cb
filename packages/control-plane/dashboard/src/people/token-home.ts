import { useRefresh } from '../api/use-refresh.ts'

/** Where a token belongs: to a workspace, or, for owner tokens, to the installation. */
export type TokenHome = { slug: string } | 'installation'

export function tokensPath(home: TokenHome): readonly string[] {
  return home === 'installation' ? ['tokens'] : ['workspaces', home.slug, 'tokens']
}

/** Has the pages ask again that show tokens of that home. */
export function useTokenRefresh(home: TokenHome): () => Promise<void> {
  const refresh = useRefresh()
  return () => (home === 'installation' ? refresh() : refresh(home.slug))
}
