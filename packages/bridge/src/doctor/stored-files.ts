import { join } from 'node:path'
import type { Settings } from '../settings.ts'

/** The files the bridge may have written. Those with a token are marked. */
export function storedFiles({ configFolder }: Settings): { path: string; holdsTokens: boolean }[] {
  return [
    { path: join(configFolder, 'config.json'), holdsTokens: false },
    { path: join(configFolder, 'credentials.json'), holdsTokens: true },
    { path: join(configFolder, 'installs.json'), holdsTokens: false },
  ]
}
