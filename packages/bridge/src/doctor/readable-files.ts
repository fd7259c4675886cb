import { stat } from 'node:fs/promises'
import { asBridgeError } from '../bridge-error.ts'
import { readPrivateJson } from '../credentials/private-json.ts'
import { failed, type Observation, ok } from './finding.ts'
import type { Scene } from './scene.ts'
import { storedFiles } from './stored-files.ts'

/** Can the bridge's own files be read? */
export async function checkFiles({ settings }: Scene): Promise<Observation[]> {
  const seen = await Promise.all(storedFiles(settings).map(({ path }) => tryToRead(path)))
  const troubles = seen.filter((one) => one !== 'read' && one !== 'absent')
  if (troubles.length > 0) return troubles
  const isNew = seen.every((one) => one === 'absent')
  return [
    ok(isNew ? `Nothing is stored in ${settings.configFolder} yet` : `Read from ${settings.configFolder}`),
  ]
}

async function tryToRead(path: string): Promise<Observation | 'read' | 'absent'> {
  try {
    await readPrivateJson(path)
    const isThere = await stat(path).then(
      () => true,
      () => false,
    )
    return isThere ? 'read' : 'absent'
  } catch (error) {
    const { message, fix, reason } = asBridgeError(error)
    return failed(message, fix ?? 'Make it readable for yourself.', reason)
  }
}
