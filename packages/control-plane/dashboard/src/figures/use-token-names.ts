import { useQuery } from '@tanstack/react-query'
import { tokensQuery } from '../api/queries.ts'
import { useMay } from '../shell/session.tsx'

/** What tokens are called; their id where one may not know, or where they are gone. */
export function useTokenNames(slug: string): (tokenId: string) => string {
  const may = useMay()
  const tokens = useQuery({ ...tokensQuery(slug), enabled: may('token.manage') }).data?.items ?? []
  const names = new Map(tokens.map(({ id, name }) => [id, name]))
  return (tokenId) => names.get(tokenId) ?? tokenId
}
