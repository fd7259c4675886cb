import { structuredPatch } from 'diff'
import type { JsonObject } from '../json-object.ts'

export interface Change {
  readonly file: string
  readonly before: string | undefined
  readonly after: string | undefined
  /** What we write ourselves, as text and as a value: the one part of the file that may be shown. */
  readonly own: { readonly text: string; readonly entry: JsonObject }
}

/**
 * A unified diff for people with one line of context. The values in every line that is not our own are left out, since
 * any of them may be a secret.
 */
export function maskedDiff({ file, before, after, own }: Change): readonly string[] {
  const show = createMask(own)
  const { offset, left, right } = changedLines(linesOf(before), linesOf(after))
  const { hunks } = structuredPatch(file, file, left.join(''), right.join(''), '', '', { context: 1 })
  return [
    `--- ${before === undefined ? '(none)' : file}`,
    `+++ ${after === undefined ? '(none)' : file}`,
    ...hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines }) => [
      `@@ -${oldStart + offset},${oldLines} +${newStart + offset},${newLines} @@`,
      ...lines.filter((line) => !line.startsWith('\\')).map((line) => line.charAt(0) + show(line.slice(1))),
    ]),
  ]
}

function linesOf(text: string | undefined): string[] {
  return (text ?? '').match(/[^\n]*\n|[^\n]+$/g) ?? []
}

/** Files can be large and the change is small: what is the same before and behind it is not compared. */
function changedLines(left: readonly string[], right: readonly string[]) {
  const shorter = Math.min(left.length, right.length)
  let start = 0
  while (start < shorter && left[start] === right[start]) start += 1
  let end = 0
  while (end < shorter - start && left.at(-1 - end) === right.at(-1 - end)) end += 1
  const offset = Math.max(0, start - 1)
  const tail = Math.max(0, end - 1)
  return {
    offset,
    left: left.slice(offset, left.length - tail),
    right: right.slice(offset, right.length - tail),
  }
}

const maxShownCharacters = 1000

function createMask({ text, entry }: Change['own']): (line: string) => string {
  const ownLines = new Set(text.split('\n').map(essence))
  const compact = JSON.stringify(entry)
  return (line) => {
    const bare = line.replace(/\r$/, '')
    if (ownLines.has(essence(bare))) return bare
    if (bare.includes(compact)) return `… ${compact} …`
    return bare.length > maxShownCharacters ? '…' : withoutValue(bare)
  }
}

const essence = (line: string) => line.trim().replace(/,$/, '')

// A key alone, a table's header, or brackets: what shows where in the file one is.
const place =
  /^\s*(?:- )?(?:"[^"]{1,64}"\s*:|'[^']{1,64}'\s*:|[\w.$@-]{1,64}\s*(?::(?=\s|$)|=(?=[ \t]))|\[\[?[\w."' -]{1,64}\]\]?(?=\s*$))/
const brackets = /^[\s{}[\],]*$/

function withoutValue(line: string): string {
  if (brackets.test(line)) return line
  const [start] = place.exec(line) ?? []
  if (start === undefined) return `${/^\s*/.exec(line)?.[0] ?? ''}…`
  const rest = line.slice(start.length)
  return brackets.test(rest) ? line : `${start} …`
}
