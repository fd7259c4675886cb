import type { ServerTool } from '../../api/shapes.ts'

/** A tool as its row shows it. */
export interface ToolSight extends ServerTool {
  /** Lower case, to be searched. */
  words: string
  bytes: number
}

export function sightOf(tool: ServerTool): ToolSight {
  const words = [tool.shownAs, tool.tool, tool.title, tool.description].join('\n').toLowerCase()
  return { ...tool, words, bytes: new TextEncoder().encode(JSON.stringify(tool.definition)).length }
}

/** What a definition takes of a model's context: about four bytes are a token. */
export function tokensOf(bytes: number): number {
  return Math.max(1, Math.round(bytes / 4))
}
