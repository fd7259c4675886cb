import { rm } from 'node:fs/promises'
import type { Client } from './client.ts'
import { deleteConfigFile, editConfigFile, readConfigFile, sha256, unreadable } from './config-file.ts'
import { createEntryText, type EntryText } from './entry-text.ts'
import { configFileOf } from './find-clients.ts'
import { explainTrouble } from './install-entry.ts'
import type { Install, Installs } from './installs.ts'
import type { Machine } from './machine.ts'
import { readOurEntry } from './our-entry.ts'
import { defaultKey } from './wanted-entry.ts'

/** The removal of one entry, thought through and not made yet. */
export interface UninstallPlan {
  readonly client: Client
  readonly file: string
  readonly key: string
  readonly before: string
  /** Undefined when nothing is left and the file goes. */
  readonly after: string | undefined
  apply(): Promise<void>
}

interface Work {
  readonly machine: Machine
  readonly installs: Installs
  readonly now: () => Date
}

/**
 * Plans for every entry of ours that this client has: those install wrote, and those under `key` or the usual name.
 * An entry that starts something else is never touched.
 */
export async function planUninstall(
  client: Client,
  key: string | undefined,
  work: Work,
): Promise<readonly UninstallPlan[]> {
  const recorded = (await work.installs.all()).filter((install) => install.client === client.id)
  const wanted = recorded.filter((install) => key === undefined || install.key === key)
  const usual = { file: configFileOf(client, work.machine.place), key: key ?? defaultKey }
  const isRecorded = wanted.some((install) => install.file === usual.file && install.key === usual.key)
  const targets: readonly Target[] = isRecorded ? wanted : [...wanted, usual]
  const plans: UninstallPlan[] = []
  for (const target of targets) {
    const plan = await planRemoval(client, target, work)
    if (plan !== undefined) plans.push(plan)
  }
  return plans
}

type Target = Pick<Install, 'file' | 'key'> | Install

async function planRemoval(
  client: Client,
  { file, key }: Target,
  work: Work,
): Promise<UninstallPlan | undefined> {
  const text = createEntryText(client)
  const install = await work.installs.find({ client: client.id, file, key })
  const { text: before } = await readConfigFile(file)
  const isThere = before !== undefined && explainTrouble(client, file, () => hasOurEntry(text, before, key))
  if (!isThere) return undefined

  const original = await originalOf(install, before, text)
  const edit = (present: string) =>
    explainTrouble(client, file, () =>
      present === before && original !== undefined
        ? original
        : text.remove(present, key, { dropContainer: install?.createdContainer ?? false }),
    )
  const after = edit(before)
  const isLeftEmpty = install?.created === true && explainTrouble(client, file, () => text.isVacant(after))

  async function apply(): Promise<void> {
    if (isLeftEmpty) await deleteUnchanged(file, before, install?.createdFolder)
    else
      await editConfigFile(file, {
        now: work.now,
        edit: (present) => edit(present ?? ''),
        mayBackUp: original === undefined,
      })
    if (original !== undefined && install?.backup !== undefined) await rm(install.backup, { force: true })
    if (install !== undefined) await work.installs.forget(install)
  }
  return { client, file, key, before, after: isLeftEmpty ? undefined : after, apply }
}

function hasOurEntry(text: EntryText, content: string, key: string): boolean {
  return readOurEntry(text.entries(content).get(key)) !== undefined
}

/** The backup, when the file is still as install left it and the backup is as it was before. */
async function originalOf(
  install: Install | undefined,
  present: string,
  text: EntryText,
): Promise<string | undefined> {
  if (install?.backup === undefined || install.sha256 !== sha256(present)) return undefined
  const backup = await readConfigFile(install.backup).catch(() => undefined)
  if (backup?.text === undefined) return undefined
  try {
    return hasOurEntry(text, backup.text, install.key) ? undefined : backup.text
  } catch {
    return undefined
  }
}

async function deleteUnchanged(
  file: string,
  before: string | undefined,
  createdFolder: string | undefined,
): Promise<void> {
  const present = await readConfigFile(file)
  if (present.text !== before) throw unreadable(file, 'another program has just written it', 'Try again.')
  await deleteConfigFile(present.file, createdFolder)
}
