import { readFileSync } from 'node:fs'
import { asObject, asString, parseJson } from './json-object.ts'

/**
 * The workspace this copy of the bridge was made for: a control plane that hands out the bridge puts a
 * `workspace.json` with `{"url": …}` beside it. Undefined for every other copy.
 */
export function readOwnWorkspace(bundleUrl: string): string | undefined {
  try {
    return asString(asObject(parseJson(readFileSync(new URL('workspace.json', bundleUrl), 'utf8')))?.url)
  } catch {
    return undefined
  }
}
