import { z } from 'zod'
import type { FoundServer } from '../client-config/find-servers.ts'
import type { Proposal, Taken } from '../client-config/propose-servers.ts'
import type { ServerSettings } from './new-server.ts'

const strings = z.record(z.string(), z.string())

const importedServer = z.strictObject({
  /** Tells it from the others of the same text: its name there, with "#2" behind it when there are several. */
  ref: z.string(),
  /** The keys that lead to it in the text. */
  path: z.array(z.string()),
  /** `offered`: it can be added, and was not. */
  outcome: z.enum(['offered', 'added', 'skipped', 'refused']),
  /** Its name here. */
  name: z.string().exactOptional(),
  /** What it becomes: `{{NAME}}` stands for what goes into the vault; everything else is stored as it stands here. */
  becomes: z
    .strictObject({
      kind: z.enum(['remote', 'hosted']),
      url: z.string().exactOptional(),
      transport: z.enum(['auto', 'streamable-http', 'sse']).exactOptional(),
      headers: strings.exactOptional(),
      package: z
        .strictObject({
          registryType: z.string(),
          identifier: z.string(),
          version: z.string().exactOptional(),
        })
        .exactOptional(),
      command: z.string().exactOptional(),
      args: z.array(z.string()).exactOptional(),
      env: strings.exactOptional(),
      enabled: z.boolean(),
    })
    .exactOptional(),
  catalog: z.string().exactOptional(),
  /** Names of the values that are, or would be, in its credential. */
  secrets: z.array(z.string()),
  /** Names of the values that are not in the text and have to be set. */
  missing: z.array(z.string()),
  warnings: z.array(z.string()),
  /** Why it is skipped, refused, or added only when it is chosen. */
  reason: z.string().exactOptional(),
  fix: z.string().exactOptional(),
  /** It can be added once somebody says which version. */
  wantsVersion: z.literal(true).exactOptional(),
  /** Whether it is added when nobody chooses. */
  preselected: z.boolean(),
  /** Whether its keys can be deleted from the file now. */
  obsolete: z.boolean(),
})

export type ImportedServer = z.output<typeof importedServer>

export const importAnswer = z.strictObject({
  format: z.enum(['json', 'toml', 'yaml']),
  dryRun: z.boolean(),
  items: z.array(importedServer),
  /** What to put into the file in place of what moved here. */
  replacement: z.strictObject({ path: z.array(z.string()), text: z.string() }),
})

/** A server of the text, by the name that the answer gives it. */
export interface Candidate {
  ref: string
  found: FoundServer
  proposal: Proposal
}

/** A proposal that was judged as any other server's is, and may be added. */
export interface Accepted {
  proposal: Taken
  target: Taken['target']
  settings: ServerSettings
}

export interface Refusal {
  reason: string
  fix?: string
}

/** What could move a terminal's cursor is no part of a name. */
export function printable(text: string): string {
  return text.toWellFormed().replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '\ufffd')
}

const NOTHING = { secrets: [], missing: [], warnings: [], preselected: false, obsolete: false }

export function describeRefused(
  { ref, found, proposal }: Candidate,
  { reason, fix }: Refusal,
): ImportedServer {
  const wants = proposal.verdict === 'refuse' && proposal.wantsVersion === true
  const why = { reason, ...(fix !== undefined && { fix }), ...(wants && { wantsVersion: wants }) }
  return { ref, path: pathOf(found), outcome: 'refused', ...NOTHING, ...why }
}

/** `obsolete`: its keys can go, because what they lead to is here. */
export function describeSkipped({ ref, found }: Candidate, why: Refusal, obsolete: boolean): ImportedServer {
  return { ref, path: pathOf(found), outcome: 'skipped', ...NOTHING, ...why, obsolete }
}

export function describeOffered(
  { ref, found }: Candidate,
  { proposal, target, settings: { enabled } }: Accepted,
  name: string,
): ImportedServer {
  const { missing, warnings, catalog, onlyIfChosen, values } = proposal
  const off = enabled ? [] : ['It is switched off in the text, and so it is here.']
  return {
    ref,
    path: pathOf(found),
    outcome: 'offered',
    name,
    becomes: describeTarget(target, enabled),
    ...(catalog !== undefined && { catalog }),
    secrets: Object.keys(values),
    missing,
    warnings: [...warnings, ...off],
    ...(onlyIfChosen !== undefined && {
      reason: onlyIfChosen,
      fix: "If the gateway's machine has the same, choose it.",
    }),
    preselected: onlyIfChosen === undefined,
    obsolete: false,
  }
}

function pathOf({ path }: FoundServer): string[] {
  return path.map(printable)
}

function describeTarget(target: Taken['target'], enabled: boolean): NonNullable<ImportedServer['becomes']> {
  if (target.kind === 'remote') {
    const { kind, url, transport, headers } = target
    return { kind, url, transport, headers, enabled }
  }
  const { kind, command, args, env, package: ref } = target
  return { kind, ...(ref === undefined ? { command } : { package: ref }), args, env, enabled }
}
