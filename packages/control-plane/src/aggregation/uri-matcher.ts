/** Searching one text for another can take as long as both lengths multiplied, and both may be hostile. */
const MAX_URI_LENGTH = 2_048

/**
 * Whether a URI may come from a template (RFC 6570). Only the literal parts are compared, in order: which server a
 * URI belongs to is decided here, what it means is the server's business. A URI longer than 2,048 characters comes
 * from none.
 */
export function createUriMatcher(template: string): (uri: string) => boolean {
  const literals = template.split(/\{[^{}]*\}/)
  const first = literals[0] ?? ''
  const last = literals.at(-1) ?? ''
  if (literals.length === 1) return (uri) => uri === template
  return (uri) => {
    if (uri.length > MAX_URI_LENGTH) return false
    if (!uri.startsWith(first) || !uri.endsWith(last) || uri.length < first.length + last.length) return false
    let at = first.length
    for (const literal of literals.slice(1, -1)) {
      const found = uri.indexOf(literal, at)
      if (found === -1) return false
      at = found + literal.length
    }
    return at <= uri.length - last.length
  }
}
