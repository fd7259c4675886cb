import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { bridgeEnvironment } from './support/bridge-process.ts'
import { openLoginGateway } from './support/login-gateway.ts'
import { runCommand } from './support/run-command.ts'

const code = 'i'.repeat(43)

it.each<[string, (folder: string) => string]>([
  [
    'cannot be read',
    (folder) => {
      writeFileSync(join(folder, 'config.json'), '{ broken')
      return folder
    },
  ],
  [
    'cannot be written',
    (folder) => {
      writeFileSync(join(folder, 'no-folder'), '')
      return join(folder, 'no-folder')
    },
  ],
])('uses no invite up when the settings of this user %s', async (_, spoil) => {
  await using gateway = await openLoginGateway()
  const env = bridgeEnvironment()
  const folder = spoil(env.MCPGW_CONFIG_DIR ?? '')
  const login = await runCommand(['login', `${gateway.origin}/invite/${code}`], {
    env: { ...env, MCPGW_CONFIG_DIR: folder },
  })
  expect(login.code).toBe(1)
  expect(login.stderr).toContain(folder)
  expect(gateway.seen).toEqual([])
})
