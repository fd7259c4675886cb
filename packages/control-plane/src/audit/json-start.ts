/**
 * The beginning of a JSON text, cut off anywhere, as a JSON text of its own: a text that the cut went through ends
 * there, what has only a name goes, and everything still open is closed.
 */
export function closeJson(start: string): string {
  const closers: string[] = []
  /** Behind the last member that is whole. Nothing has been opened or closed since. */
  let wholeEnd = 0
  let nameNext = false
  for (let at = 0; at < start.length; at += 1) {
    const character = start[at]
    if (character === '"') {
      const end = endOfText(start, at)
      if (!end.isWhole) {
        const rest = nameNext ? start.slice(0, wholeEnd) : `${start.slice(0, end.at)}"`
        return rest + closers.reverse().join('')
      }
      at = end.at
    } else if (character === '{' || character === '[') {
      closers.push(character === '{' ? '}' : ']')
      nameNext = character === '{'
      wholeEnd = at + 1
    } else if (character === '}' || character === ']') {
      closers.pop()
      wholeEnd = at + 1
    } else if (character === ',') {
      nameNext = closers.at(-1) === '}'
      wholeEnd = at
    } else if (character === ':') nameNext = false
  }
  return closers.length === 0 ? start : start.slice(0, wholeEnd) + closers.reverse().join('')
}

/** Where a text that begins with a quote ends, or, where the end is cut off, its last whole character. */
function endOfText(json: string, start: number): { at: number; isWhole: boolean } {
  let at = start + 1
  while (at < json.length) {
    if (json[at] === '"') return { at, isWhole: true }
    const length = json[at] !== '\\' ? 1 : json[at + 1] === 'u' ? 6 : 2
    if (at + length > json.length) break
    at += length
  }
  return { at, isWhole: false }
}
