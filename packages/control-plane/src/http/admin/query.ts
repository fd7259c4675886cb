import { GatewayError } from '../../model/error.ts'

/** The query as an object. A name given twice is refused: two readers could disagree about which one counts. */
export function readQuery(url: string): Record<string, string> {
  const entries = [...new URL(url).searchParams]
  const names = entries.map(([name]) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new GatewayError('invalid_request', `"${twice}" is given twice.`)
  return Object.fromEntries(entries)
}
