import type { Rules, Selection } from '../api/shapes.ts'

/** What a token may use, as short as people would say it; undefined where no rules limit it. */
export function rulesInWords({ servers, tools, readOnlyTools }: Rules): string | undefined {
  const parts = [
    ...serversInWords(servers),
    ...toolsInWords(tools),
    ...(readOnlyTools === true ? ['read-only tools'] : []),
  ]
  return parts.length === 0 ? undefined : parts.join('; ')
}

function serversInWords({ allow, deny = [] }: Selection = {}): string[] {
  if (allow?.length === 0) return ['no servers at all']
  if (allow === undefined) return deny.length === 0 ? [] : [`all servers but ${deny.join(', ')}`]
  return [`only ${allow.join(', ')}`, ...(deny.length === 0 ? [] : [`not ${deny.join(', ')}`])]
}

function toolsInWords({ allow, deny = [] }: Selection = {}): string[] {
  const only = allow?.length === 0 ? 'no tools at all' : allow && `only ${allow.join(', ')}`
  return [...(only === undefined ? [] : [only]), ...(deny.length === 0 ? [] : [`no ${deny.join(', ')}`])]
}
