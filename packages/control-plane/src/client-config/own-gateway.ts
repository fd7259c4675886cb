import type { ClientEntry } from './client-entry.ts'
import { programName } from './command-line.ts'

/** The bridge by its name, or by the way to it. */
const BRIDGE = /^(?:(?:[A-Za-z]:|~|\.{0,2})[\\/](?:.*[\\/])?)?mcpgw(?:@[\w.^~-]+|\.js|\.cmd|\.exe)?$/

const WORKSPACE_URL = /^https?:\/\/[^?#]+\/ws\/[^/?#]+\/?$/

/** Whether an entry leads to a gateway like this: 'here' to this one, 'elsewhere' to another or to one it does not name. */
export function leadsToGateway(entry: ClientEntry, origin: string): 'here' | 'elsewhere' | undefined {
  const address = addressOf(entry, origin)
  if (address === undefined) return undefined
  return isBelow(address, origin) ? 'here' : 'elsewhere'
}

function addressOf({ url, command }: ClientEntry, origin: string): string | undefined {
  // Another product's address may look the same: a URL alone is ours only where it leads here.
  if (url !== undefined) return isBelow(url, origin) ? url : undefined
  const named = command.find((word) => WORKSPACE_URL.test(word))
  if (command.some((word) => BRIDGE.test(word))) return named ?? ''
  if (named === undefined) return undefined
  const runs = command.some((word) => programName(word) === 'npx') && isFirstOf(command, named)
  return runs || isBelow(named, origin) ? named : undefined
}

/** npx runs the first word that is no option. */
function isFirstOf(command: readonly string[], named: string): boolean {
  const words = command.filter((word) => !word.startsWith('-') && !/^\/c$/i.test(word))
  return words[words.findIndex((word) => programName(word) === 'npx') + 1] === named
}

function isBelow(address: string, origin: string): boolean {
  const url = URL.parse(address)
  return url !== null && url.origin === URL.parse(origin)?.origin && /\/ws\/[^/]+\/?$/.test(url.pathname)
}
