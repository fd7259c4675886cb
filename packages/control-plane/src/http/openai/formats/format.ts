import type { FunctionResult } from '../function-result.ts'

export type FormatName = 'chat' | 'responses' | 'anthropic' | 'gemini'

/** A tool as this door reads it from its definition. */
export interface FunctionTool {
  /** 1 to 64 of `[A-Za-z0-9_-]`: the name under which the workspace shows it, which leads back by itself. */
  name: string
  description: string | undefined
  inputSchema: Record<string, unknown>
}

/** A call as a model made it. */
export interface FunctionCall {
  id: string
  name: string
  /** The JSON as the model wrote it, or what the API's client has read it to. */
  arguments: string | Record<string, unknown>
}

/** One model provider's dialect of function calling. */
export interface Format {
  name: FormatName
  /** How many tools one request of that API takes, where it says. */
  maxTools: number | undefined
  /** One tool as the API wants it in a request. */
  tool(tool: FunctionTool): Record<string, unknown>
  /** The JSON around the tools, written already, that are to stand where the request has its `tools`. */
  toolList(tools: readonly string[]): string
  /** The calls in a body of this format; undefined for a body of another. Throws `invalid_request`. */
  calls(body: Record<string, unknown>): FunctionCall[] | undefined
  /** The result of one call, where the API takes it. */
  result(result: FunctionResult): Record<string, unknown>
  /** What of it that place cannot take, as a message to put behind all results; for who asks for it. */
  followUp?(result: FunctionResult): Record<string, unknown> | undefined
  /** What an answer with results begins with: the member that has them, up to the first. */
  opening: string
}
