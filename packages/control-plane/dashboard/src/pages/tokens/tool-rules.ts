import type { Rules, Selection, Tool } from '../../api/shapes.ts'

/** What the rules are asked about: a tool by the names that its server gives it. */
export interface RuledTool {
  server: string
  tool: string
  readOnly: boolean
}

/**
 * Whether rules let a tool through, as the control plane decides it: deny wins over allow, an absent allow list allows
 * everything, an empty one nothing. A preview for people; what counts is decided there.
 */
export function compileRules({ servers, tools, readOnlyTools }: Rules): (tool: RuledTool) => boolean {
  const allowsServer = compileSelection(servers, (pattern) => {
    const matches = compilePattern(pattern)
    return ({ server }) => matches(server)
  })
  const allowsTool = compileSelection(tools, compilePair)
  return (tool) => allowsServer(tool) && allowsTool(tool) && (readOnlyTools !== true || tool.readOnly)
}

/** A tool as the admin API lists it. */
export function ruledTool({ server, tool, definition: { annotations } }: Tool): RuledTool {
  const readOnly = isObject(annotations) && annotations.readOnlyHint === true
  return { server, tool, readOnly }
}

type Match = (tool: RuledTool) => boolean

function compileSelection({ allow, deny = [] }: Selection = {}, compile: (pattern: string) => Match): Match {
  const denied = deny.map(compile)
  const allowed = allow?.map(compile)
  return (tool) =>
    !denied.some((matches) => matches(tool)) && (allowed?.some((matches) => matches(tool)) ?? true)
}

/** `server/tool`; without a slash, the tool of that name on any server. */
function compilePair(pattern: string): Match {
  const slash = pattern.indexOf('/')
  const matchesServer = compilePattern(slash === -1 ? '*' : pattern.slice(0, slash))
  const matchesTool = compilePattern(pattern.slice(slash + 1))
  return ({ server, tool }) => matchesServer(server) && matchesTool(tool)
}

/** `*` stands for any run of characters, also an empty one; everything else for itself. */
export function compilePattern(pattern: string): (text: string) => boolean {
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return (text) => text === first
  return (text) => {
    const end = text.length - last.length
    if (first.length > end || !text.startsWith(first) || !text.endsWith(last)) return false
    let position = first.length
    for (const part of rest) {
      const found = text.indexOf(part, position)
      if (found === -1) return false
      position = found + part.length
    }
    return position <= end
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
