import { type Observation, ok, warning } from './finding.ts'
import type { Scene } from './scene.ts'

// Cursor counts 60 characters, its name of the server among them; others stop at 64 with theirs.
const longName = 60
// VS Code sends no more with a request.
const manyTools = 128
const maxShown = 3

/** Are the tools there, and can clients take them? */
export async function checkTools({ api }: Scene): Promise<Observation[]> {
  const startedAt = performance.now()
  const names = (await api.tools()).map(({ name }) => name)
  const tookMs = Math.round(performance.now() - startedAt)
  return [ok(`${names.length} listed (${tookMs} ms)`), ...judgeNames(names), ...judgeNumber(names.length)]
}

function judgeNames(names: readonly string[]): Observation[] {
  const long = names.filter((name) => name.length > longName)
  if (long.length === 0) return []
  const more = long.length > maxShown ? ` and ${long.length - maxShown} more` : ''
  return [
    warning(
      `Some clients drop tools whose name is longer than ${longName} characters: ${long.slice(0, maxShown).join(', ')}${more}.`,
      'Have an admin give their server a shorter name, or show its tools without the name of the server.',
    ),
  ]
}

function judgeNumber(count: number): Observation[] {
  if (count <= manyTools) return []
  return [
    warning(
      `Some clients take no more than ${manyTools} tools.`,
      'Use a token that sees fewer, or switch off servers and tools nobody needs.',
    ),
  ]
}
