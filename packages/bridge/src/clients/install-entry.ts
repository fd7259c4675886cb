import { existsSync } from 'node:fs'
import type { BridgeError } from '../bridge-error.ts'
import type { Client } from './client.ts'
import { editConfigFile, readConfigFile, sha256, unreadable } from './config-file.ts'
import { createEntryText } from './entry-text.ts'
import { configFileOf } from './find-clients.ts'
import { FormatTrouble } from './formats/format.ts'
import type { Install, Installs } from './installs.ts'
import type { Machine } from './machine.ts'
import { isRight, mergeEntry, readOurEntry } from './our-entry.ts'
import { type EntryWish, wantedShape } from './wanted-entry.ts'

/** A change to one client's configuration, thought through and not made yet. */
export interface InstallPlan {
  readonly client: Client
  readonly file: string
  readonly before: string | undefined
  /** The same as `before` when the entry is right already. */
  readonly after: string
  /** Makes the change, also when the file has changed since; resolves with the backup, if there is one. */
  apply(): Promise<{ backup: string | undefined }>
}

export interface InstallWish extends EntryWish {
  /** Replaces an entry of that name which starts something else. */
  readonly force: boolean
}

/** Rejects with a BridgeError that names the file when it cannot be changed; it is untouched then. */
export async function planInstall(
  client: Client,
  wish: InstallWish,
  { machine, installs, now }: { machine: Machine; installs: Installs; now: () => Date },
): Promise<InstallPlan> {
  const path = configFileOf(client, machine.place)
  const text = createEntryText(client)
  const shape = wantedShape(client, wish, machine)

  function edit(before: string | undefined): string {
    const present = text.entries(before ?? '').get(wish.key)
    if (present === undefined)
      return text.write(before ?? '', wish.key, mergeEntry(undefined, shape, client.envKey))
    if (readOurEntry(present) === undefined) {
      if (!wish.force) throw foreignEntry(path, wish.key)
      return text.write(before ?? '', wish.key, mergeEntry(undefined, shape, client.envKey))
    }
    if (before !== undefined && isRight(present, shape, client.envKey)) return before
    return text.write(before ?? '', wish.key, mergeEntry(present, shape, client.envKey))
  }
  const safeEdit = (before: string | undefined) => explainTrouble(client, path, () => edit(before))

  async function apply() {
    const { text: before } = await readConfigFile(path)
    const earlier = await installs.find({ client: client.id, file: path, key: wish.key })
    const written = await editConfigFile(path, { now, edit: safeEdit })
    if (written === undefined) return { backup: undefined }
    const isUntouched = earlier !== undefined && before !== undefined && earlier.sha256 === sha256(before)
    const origin: Origin = isUntouched ? earlier : { ...written, createdContainer: !hasContainer(before) }
    await installs.save({
      ...originOf(origin),
      client: client.id,
      file: path,
      key: wish.key,
      sha256: written.sha256,
    })
    return { backup: written.backup }
  }
  const hasContainer = (before: string | undefined) => before !== undefined && text.hasContainer(before)

  requireNothingSupplanted(client, path, machine)
  const { text: before } = await readConfigFile(path)
  return { client, file: path, before, after: safeEdit(before), apply }
}

/** What the file was before the first install, which a second one does not change. */
interface Origin {
  readonly created: boolean
  readonly createdContainer: boolean
  readonly createdFolder?: string | undefined
  readonly backup?: string | undefined
}

function originOf({
  created,
  createdContainer,
  createdFolder,
  backup,
}: Origin): Omit<Install, 'client' | 'file' | 'key' | 'sha256'> {
  return {
    created,
    createdContainer,
    ...(createdFolder !== undefined && { createdFolder }),
    ...(backup !== undefined && { backup }),
  }
}

/** Turns what a format says into an error that names the file. */
export function explainTrouble<T>(client: Client, path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof FormatTrouble)) throw error
    throw unreadable(
      path,
      error.message,
      `Mend the file, or change it by hand: mcpgw install --client ${client.id} --print shows what belongs there.`,
    )
  }
}

function foreignEntry(path: string, key: string): BridgeError {
  return unreadable(
    path,
    `its entry "${key}" starts something else`,
    'Choose another name with --name, or replace the entry with --force.',
  )
}

function requireNothingSupplanted(client: Client, path: string, { place }: Machine): void {
  const older = client.supplants?.(place)
  if (older === undefined || existsSync(path) || !existsSync(older)) return
  throw unreadable(
    older,
    `${client.name} would stop reading it once there is a ${path}`,
    `Move its settings to ${path} first.`,
  )
}
