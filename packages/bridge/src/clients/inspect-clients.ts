import { existsSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { BridgeError } from '../bridge-error.ts'
import type { Client } from './client.ts'
import { readConfigFile } from './config-file.ts'
import { createEntryText } from './entry-text.ts'
import { configFileOf, detectedClients } from './find-clients.ts'
import { explainTrouble } from './install-entry.ts'
import { type Machine, runningCopy } from './machine.ts'
import { isRight, type OurEntry, readOurEntry } from './our-entry.ts'
import type { Place } from './place.ts'
import { defaultKey, wantedShape } from './wanted-entry.ts'

/**
 * `right`: the entry starts the bridge for the workspace. `outdated`: install would write it otherwise, or what it
 * names is gone. `secret_inside`: a token stands in the file.
 */
export type ClientState = 'right' | 'outdated' | 'other_workspace' | 'broken' | 'absent' | 'secret_inside'

export interface ClientFinding {
  readonly client: string
  readonly name: string
  readonly file: string
  readonly state: ClientState
  readonly detail?: string
  readonly fix?: string
}

/** How every client found on this machine is set up. Without a workspace any workspace is right. Changes nothing. */
export async function inspectClients(
  options: Place & {
    readonly workspace?: string
    readonly copy?: Machine['copy']
    readonly folders?: readonly string[]
  },
): Promise<readonly ClientFinding[]> {
  const { workspace, copy = runningCopy(undefined), folders, ...place } = options
  const machine: Machine = { place, copy, ...(folders !== undefined && { folders }) }
  return Promise.all(detectedClients(place).map((client) => inspectClient(client, workspace, machine)))
}

type Verdict = Pick<ClientFinding, 'state' | 'detail' | 'fix'>

async function inspectClient(
  client: Client,
  workspace: string | undefined,
  machine: Machine,
): Promise<ClientFinding> {
  const file = configFileOf(client, machine.place)
  const verdict = await judge(client, file, workspace, machine).catch((error: unknown): Verdict => {
    if (!(error instanceof BridgeError)) throw error
    return { state: 'broken', detail: error.message, ...(error.fix !== undefined && { fix: error.fix }) }
  })
  return { client: client.id, name: client.name, file, ...verdict }
}

async function judge(
  client: Client,
  file: string,
  workspace: string | undefined,
  machine: Machine,
): Promise<Verdict> {
  const { text } = await readConfigFile(file)
  const fix = `Type: mcpgw install --client ${client.id}`
  if (text === undefined) return { state: 'absent', fix }
  if (/mcpgw_[0-9A-Za-z]{46}/.test(text)) {
    return {
      state: 'secret_inside',
      detail: 'A token stands in the file, where every program can read it.',
      fix: `Revoke it in the dashboard, delete it from ${file}, and log in: mcpgw login URL`,
    }
  }
  const entries = explainTrouble(client, file, () => createEntryText(client).entries(text))
  const ours = [...entries].flatMap(([key, present]) => {
    const entry = readOurEntry(present)
    return entry === undefined ? [] : [{ key, present, entry }]
  })
  const found = ours.find(({ entry }) => workspace === undefined || entry.workspace === workspace) ?? ours[0]
  if (found === undefined) return { state: 'absent', fix, ...foreignDetail(entries) }
  const { key, present, entry } = found
  if (workspace !== undefined && entry.workspace !== undefined && entry.workspace !== workspace) {
    return { state: 'other_workspace', detail: `Its entry "${key}" is for ${entry.workspace}.`, fix }
  }
  const trouble = troubleOf(client, { key, present, entry }, machine)
  return trouble === undefined
    ? { state: 'right' }
    : { state: 'outdated', detail: trouble, fix: withName(fix, key) }
}

const withName = (fix: string, key: string) => (key === defaultKey ? fix : `${fix} --name ${key}`)

function foreignDetail(entries: ReadonlyMap<string, unknown>): { detail?: string } {
  return entries.has(defaultKey) ? { detail: `Its entry "${defaultKey}" starts something else.` } : {}
}

/** Judged by the way the entry itself chose to start the bridge: which copy inspects makes no difference. */
function troubleOf(
  client: Client,
  { key, present, entry }: { key: string; present: unknown; entry: OurEntry },
  { copy, ...machine }: Machine,
): string | undefined {
  const { kind, workspace, command, args } = entry
  const gone = [command, args[0] ?? ''].find((path) => isAbsolute(path) && !existsSync(path))
  if (gone !== undefined) return `${gone} is gone.`
  if (workspace === undefined) return 'It names no workspace.'
  const named = kind === 'script' ? { ...copy, node: command, script: args[0] ?? '' } : beside(command, copy)
  const shape = wantedShape(client, { key, workspace, kind }, { ...machine, copy: named })
  return isRight(present, shape, client.envKey) ? undefined : 'Install would write it otherwise.'
}

/** An entry that names its npx is measured by that one, not by the one of the Node that is running now. */
function beside(npx: string, copy: Machine['copy']): Machine['copy'] {
  return isAbsolute(npx) ? { ...copy, node: join(dirname(npx), 'node') } : copy
}
