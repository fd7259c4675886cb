import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { type App, openApp } from '../../src/app.ts'
import { readSettings } from '../../src/settings.ts'

/** The whole control plane in this process, not listening, for tests that look at how it is wired. */
export async function withApp<T>(look: (app: App) => T): Promise<T> {
  const dataDir = await mkdtemp(join(tmpdir(), 'mcpgw-app-'))
  const { settings } = readSettings({ dataDir, port: 0, hosting: 'off' }, {})
  const app = await openApp({
    settings,
    masterKey: randomBytes(32),
    olderMasterKeys: [],
    masterKeyFile: undefined,
    searchPath: '',
    clock: { now: () => Date.now() },
    random: { bytes: (count) => randomBytes(count) },
    log: pino({ level: 'silent' }),
  })
  try {
    return look(app)
  } finally {
    await app[Symbol.asyncDispose]()
    await rm(dataDir, { recursive: true })
  }
}
