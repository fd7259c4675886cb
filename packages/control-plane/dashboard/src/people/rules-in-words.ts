import type { Rules, Selection } from '../api/shapes.ts'

/** What a token may use, as short as people would say it; undefined where no rules limit it. */
export function rulesInWords({ servers, tools, readOnlyTools }: Rules): string | undefined {
  const parts = [
    ...selectionInWords(servers, 'servers'),
    ...selectionInWords(tools, 'tools'),
    ...(readOnlyTools === true ? ['read-only tools'] : []),
  ]
  return parts.length === 0 ? undefined : parts.join('; ')
}

function selectionInWords({ allow, deny = [] }: Selection = {}, what: string): string[] {
  return [
    ...(allow === undefined ? [] : [allow.length === 0 ? `no ${what} at all` : `only ${allow.join(', ')}`]),
    ...(deny.length === 0 ? [] : [`no ${deny.join(', ')}`]),
  ]
}
