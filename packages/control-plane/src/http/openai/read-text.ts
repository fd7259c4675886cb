import type { FunctionResult, ResultPart } from './function-result.ts'

/** All that a result says, as one text; for APIs that mark errors in no other way, with a word in front that does. */
export function readText({ parts, isError }: FunctionResult): string {
  const text = parts.map(textOf).join('\n')
  return isError ? `Error: ${text}` : text
}

function textOf(part: ResultPart): string {
  if (part.kind === 'text') return part.text
  return `[${part.kind} of type ${part.mimeType}: not in this message]`
}
