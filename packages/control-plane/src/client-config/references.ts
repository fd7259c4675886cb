/** `${workspaceFolder}` and the like stand for a place on the client's machine, `{file:…}` for what is in a file there. */
const OF_THE_MACHINE =
  /\$\{(?:workspaceFolder|workspaceRoot|userHome|home|pwd|cwd|file|extensionPath|pathSeparator|\/)[^}]*\}|\{file:[^}]*\}|\$(?:HOME|PWD)\b/i

/** `${input:id}`, `${env:X}`, `${X}`, `${X:-default}`, `${{ secrets.X }}`, `{env:X}`, and `{{X}}` of a gateway like this. */
const REFERENCE =
  /\$\{\{\s*(?:\w+\.)?([\w.-]+)\s*\}\}|\$\{(?:input|env|secret):([\w.-]+)\}|\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}|\{(?:env|input):([\w.-]+)\}|\{\{([A-Za-z_]\w*)\}\}/g

/** `$X` and `%X%`, where they are all there is: in a longer text they may be anything. */
const WHOLE = /^((?:bearer|basic|token)\s+)?(?:\$([A-Z_][A-Z0-9_]*)|%([A-Za-z_]\w*)%)$/i

/** What a reference becomes. `standard` is what the client takes when nothing else is set. */
type Resolve = (name: string, standard: string | undefined) => string

/** Whether a text stands for something on the client's own machine. */
export function namesMachine(text: string): boolean {
  return OF_THE_MACHINE.test(text)
}

/** Puts something else in the place of what the client would have looked up. */
export function resolveReferences(text: string, resolve: Resolve): string {
  const whole = WHOLE.exec(text)
  if (whole !== null) return `${whole[1] ?? ''}${resolve(whole[2] ?? whole[3] ?? '', undefined)}`
  return text.replace(REFERENCE, (_, secret, prefixed, plain, standard, braced, doubled) =>
    resolve(secret ?? prefixed ?? plain ?? braced ?? doubled, standard),
  )
}
