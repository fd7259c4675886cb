/**
 * Compiles a pattern in which `*` stands for any run of characters, also an empty one, and everything else for
 * itself. Matching walks the text once from left to right: no pattern makes it slow.
 */
export function compilePattern(pattern: string): (text: string) => boolean {
  const parts = pattern.split('*')
  const first = parts[0] ?? ''
  if (parts.length === 1) return (text) => text === first
  const last = parts.at(-1) ?? ''
  const middle = parts.slice(1, -1).filter((part) => part !== '')
  return (text) => matches(text, { first, middle, last })
}

interface Pieces {
  first: string
  middle: string[]
  last: string
}

function matches(text: string, { first, middle, last }: Pieces): boolean {
  const end = text.length - last.length
  if (first.length > end || !text.startsWith(first) || !text.endsWith(last)) return false
  let position = first.length
  for (const part of middle) {
    const found = text.indexOf(part, position)
    if (found === -1) return false
    position = found + part.length
  }
  return position <= end
}
