import { stat } from 'node:fs/promises'
import { failed, type Observation, ok, skipped, warning } from './finding.ts'
import type { Scene } from './scene.ts'
import { storedFiles } from './stored-files.ts'

/** Are the bridge's own files closed to other users? */
export async function checkFileModes({ settings }: Scene): Promise<Observation[]> {
  if (settings.platform === 'win32') return [skipped('Windows keeps the folder to its user by itself')]
  const folder = settings.configFolder
  const checks = [
    judge(folder, '700', (message, fix) => warning(message, fix)),
    ...storedFiles(settings).map(({ path, holdsTokens }) =>
      judge(path, '600', (message, fix) =>
        holdsTokens
          ? failed(
              `${message} It holds tokens.`,
              `${fix}, then have the tokens in it revoked and log in again.`,
            )
          : warning(message, fix),
      ),
    ),
  ]
  const troubles = (await Promise.all(checks)).filter((one) => one !== undefined)
  return troubles.length > 0 ? troubles : [ok('Closed to other users')]
}

async function judge(
  path: string,
  wanted: '600' | '700',
  tell: (message: string, fix: string) => Observation,
): Promise<Observation | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined || (found.mode & 0o077) === 0) return undefined
  const mode = (found.mode & 0o777).toString(8)
  return tell(`${path} is open to other users (mode ${mode}).`, `Type: chmod ${wanted} '${path}'`)
}
