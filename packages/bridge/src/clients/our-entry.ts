import { isDeepStrictEqual } from 'node:util'
import { asObject, asString, type JsonObject } from '../json-object.ts'
import type { LaunchKind } from './launch.ts'

/** What an entry says when it starts the bridge. */
export interface OurEntry {
  readonly kind: LaunchKind
  /** Undefined in entries written by hand that leave the choice to the bridge. */
  readonly workspace: string | undefined
  readonly command: string
  readonly args: readonly string[]
}

/** Understands an entry of any client's shape, or answers undefined when it does not start the bridge. */
export function readOurEntry(entry: unknown): OurEntry | undefined {
  const [command, ...args] = withoutShell(commandLine(asObject(entry) ?? {}))
  if (command === undefined) return undefined
  const kind = kindOf(command, args)
  if (kind === undefined) return undefined
  const flag = args.indexOf('--workspace')
  const workspace = kind === 'url' ? args.find(isWorkspaceUrl) : flag < 0 ? undefined : args[flag + 1]
  return { kind, workspace, command, args }
}

function commandLine({ command, cmd, args }: JsonObject): string[] {
  return [command ?? cmd, args].flat().flatMap((part) => asString(part) ?? [])
}

function withoutShell(line: string[]): string[] {
  return /^cmd(\.exe)?$/i.test(line[0] ?? '') && /^\/c$/i.test(line[1] ?? '') ? line.slice(2) : line
}

function kindOf(command: string, args: readonly string[]): LaunchKind | undefined {
  const program = /[^\\/]*$/.exec(command)?.[0].replace(/\.(exe|cmd|js)$/i, '')
  const [first] = args.filter((argument) => !argument.startsWith('-'))
  if (program === 'npx' && /^mcpgw(@|$)/.test(first ?? '')) return 'package'
  if (program === 'npx' && isWorkspaceUrl(first ?? '')) return 'url'
  if (program === 'node' && /[\\/]mcpgw(\.js)?$/.test(first ?? '')) return 'script'
  return program === 'mcpgw' ? 'script' : undefined
}

function isWorkspaceUrl(text: string): boolean {
  return /^https?:\/\/[^?#]+\/ws\/[^/?#]+$/.test(text)
}

/** What an entry must say to work, and what it says until the user chooses otherwise. */
export interface EntryShape {
  readonly required: JsonObject
  readonly defaults: JsonObject
}

// What install itself puts into an entry's environment, and what must never stand in one.
const ownVariables = ['PATH', 'MCPGW_CONFIG_DIR', 'MCPGW_TOKEN']

/** The entry as it should stand in the file: ours, with what the user added to the present one. */
export function mergeEntry(present: unknown, { required, defaults }: EntryShape, envKey: string): JsonObject {
  const kept = asObject(present) ?? {}
  const keptEnv = Object.entries(asObject(kept[envKey]) ?? {}).filter(
    ([name]) => !ownVariables.includes(name),
  )
  const env = { ...Object.fromEntries(keptEnv), ...asObject(required[envKey]) }
  const { [envKey]: _, ...keptRest } = kept
  return {
    ...required,
    ...defaults,
    ...keptRest,
    ...required,
    ...(Object.keys(env).length > 0 && { [envKey]: env }),
  }
}

export function isRight(present: unknown, shape: EntryShape, envKey: string): boolean {
  return isDeepStrictEqual(present, mergeEntry(present, shape, envKey))
}
