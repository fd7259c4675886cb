import { createKeychain } from '../credentials/keychain.ts'
import type { TokenSource } from '../credentials/token-store.ts'
import { type Observation, ok, warning } from './finding.ts'
import type { Scene } from './scene.ts'
import { withTimer } from './with-timer.ts'

/** Is there a token on this machine, and where is it kept? */
export async function checkLogin(scene: Scene): Promise<Observation[]> {
  const { source } = await scene.token()
  return [source === 'file' ? await judgeFile(scene) : ok(places[source])]
}

const places: Readonly<Record<Exclude<TokenSource, 'file'>, string>> = {
  MCPGW_TOKEN: 'The token comes from MCPGW_TOKEN',
  keychain: 'The token is kept in the keychain',
}

/** A file is right where it was asked for; elsewhere the keychain would be better, if there is one. */
async function judgeFile({ settings, workspace }: Scene): Promise<Observation> {
  const message = `The token is kept in a file in ${settings.configFolder}`
  if (settings.storage === 'file') return ok(`${message}, as MCPGW_STORAGE says`)
  const found = await withTimer(createKeychain(settings).probe(), patienceMs).catch((error: Error) => error)
  if (found === 'works') {
    const { href } = await workspace()
    return warning(`${message}, though the keychain works.`, `To move it there, type: mcpgw login ${href}`)
  }
  return warning(
    `${message}: ${found.message}`,
    'Set MCPGW_STORAGE=file if that is as you want it; otherwise start the keychain and log in again.',
  )
}

// A locked keychain asks its user to unlock it, and answers within the time it takes to type a password.
const patienceMs = 10_000
