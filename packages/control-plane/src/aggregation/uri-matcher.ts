/**
 * Whether a URI may come from a template (RFC 6570). Only the literal parts are compared, in order: which server a
 * URI belongs to is decided here, what it means is the server's business. Linear in the URI's length.
 */
export function createUriMatcher(template: string): (uri: string) => boolean {
  const literals = template.split(/\{[^}]*\}/)
  const first = literals[0] ?? ''
  const last = literals.at(-1) ?? ''
  if (literals.length === 1) return (uri) => uri === template
  return (uri) => {
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
