import { join } from 'node:path'
import * as z from 'zod/mini'
import { BridgeError } from '../bridge-error.ts'
import { withFolderLock } from '../credentials/folder-lock.ts'
import { readPrivateJson, writePrivateJson } from '../credentials/private-json.ts'

const installSchema = z.object({
  client: z.string(),
  file: z.string(),
  key: z.string(),
  /** Of the text that was written: while it still holds, nobody changed the file since. */
  sha256: z.string(),
  created: z.boolean(),
  createdContainer: z.boolean(),
  createdFolder: z.optional(z.string()),
  backup: z.optional(z.string()),
})

/** One entry that install wrote, with what uninstall needs to leave no trace of it. */
export type Install = z.infer<typeof installSchema>

/** What was written where, in `installs.json`. */
export interface Installs {
  all(): Promise<readonly Install[]>
  find(entry: InstallKey): Promise<Install | undefined>
  save(install: Install): Promise<void>
  forget(entry: InstallKey): Promise<void>
}

export type InstallKey = Pick<Install, 'client' | 'file' | 'key'>

export function createInstalls(folder: string): Installs {
  const path = join(folder, 'installs.json')

  async function all(): Promise<Install[]> {
    const { installs = [] } = await readPrivateJson(path)
    const read = z.array(installSchema).safeParse(installs)
    if (read.success) return read.data
    throw new BridgeError('storage', `${path} is not as install wrote it.`, {
      fix: 'Delete it; uninstall then removes entries without restoring backups.',
    })
  }
  const others = async (entry: InstallKey) => (await all()).filter((install) => !isSame(install, entry))
  const write = (installs: readonly Install[]) => writePrivateJson(path, { installs })

  return {
    all,
    find: async (entry) => (await all()).find((install) => isSame(install, entry)),
    save: (install) => withFolderLock(folder, async () => write([...(await others(install)), install])),
    forget: (entry) =>
      withFolderLock(folder, async () => {
        const kept = await others(entry)
        if (kept.length < (await all()).length) await write(kept)
      }),
  }
}

function isSame(one: InstallKey, other: InstallKey): boolean {
  return one.client === other.client && one.file === other.file && one.key === other.key
}
