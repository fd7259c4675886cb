export interface CallToCopy {
  /** Where the control plane is, with the path below which it is served. */
  origin: string
  slug: string
  tool: string
  /** As JSON, the way it was typed where it was. */
  argumentsJson: string
}

/** The same call as a command that needs nothing but curl and a token in `MCPGW_TOKEN`. */
export function asCurl({ origin, slug, tool, argumentsJson }: CallToCopy): string {
  const body = `{"name":${JSON.stringify(tool)},"arguments":${plainJson(argumentsJson)}}`
  return [
    `curl -sS ${quoted(`${origin}/api/v1/workspaces/${slug}/calls`)}`,
    `  -H "Authorization: Bearer $MCPGW_TOKEN"`,
    `  -H 'Content-Type: application/json'`,
    `  --data-raw ${quoted(body)}`,
  ].join(' \\\n')
}

export function asCommand({ origin, slug, tool, argumentsJson }: CallToCopy): string {
  return `mcpgw call ${quoted(tool)} --args ${quoted(plainJson(argumentsJson))} --workspace ${quoted(`${origin}/ws/${slug}`)}`
}

/** For a POSIX shell: nothing in it is expanded. */
export function quoted(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** The same JSON without characters that a terminal hides or takes for something else. */
export function plainJson(json: string): string {
  return json.replaceAll(/\p{Cf}|(?![\n\t])\p{Cc}|[\u2028\u2029]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}
