import type { Selection } from '../../api/shapes.ts'

/** Why a tool is offered or not: the list of the server's selection that decides. */
export type Decided = 'all' | 'allowed' | 'denied' | 'not_allowed'

/** The same judgement as the control plane's: whole names, and what is denied stays denied. */
export function decide({ allow, deny }: Selection, tool: string): Decided {
  if (deny?.includes(tool)) return 'denied'
  if (allow === undefined) return 'all'
  return allow.includes(tool) ? 'allowed' : 'not_allowed'
}

export function isOn(selection: Selection, tool: string): boolean {
  const decided = decide(selection, tool)
  return decided === 'all' || decided === 'allowed'
}

/** The selection with one tool on or off, and every other as it was. */
export function switchTool({ allow, deny }: Selection, tool: string, on: boolean): Selection {
  const others = (deny ?? []).filter((name) => name !== tool)
  if (on) {
    const allowed = allow === undefined || allow.includes(tool) ? allow : [...allow, tool]
    return withLists(allowed, others)
  }
  // Without an allow list, what is not denied is on.
  if (allow === undefined) return withLists(undefined, [...others, tool])
  return withLists(
    allow.filter((name) => name !== tool),
    deny ?? [],
  )
}

function withLists(allow: readonly string[] | undefined, deny: readonly string[]): Selection {
  return { ...(allow && { allow: [...allow] }), ...(deny.length > 0 && { deny: [...deny] }) }
}

/** Entries for tools that the server does not offer: gone, or meant as patterns, which these lists do not have. */
export function strayEntries({ allow = [], deny = [] }: Selection, offered: readonly string[]): string[] {
  return [...new Set([...allow, ...deny])].filter((name) => !offered.includes(name))
}

/** Whether a tool that the server adds tomorrow is shown without anybody's doing. */
export function showsNewTools({ allow }: Selection): boolean {
  return allow === undefined
}

/** The same tools on and off as now, and the other way with new ones. */
export function withNewTools(selection: Selection, offered: readonly string[], shown: boolean): Selection {
  const on = offered.filter((tool) => isOn(selection, tool))
  if (!shown) return { allow: on }
  return withLists(
    undefined,
    offered.filter((tool) => !on.includes(tool)),
  )
}

/** Without entries that stand for no tool. */
export function withoutStray({ allow, deny = [] }: Selection, offered: readonly string[]): Selection {
  const known = (name: string) => offered.includes(name)
  return withLists(allow?.filter(known), deny.filter(known))
}
