import { createAccess } from '../credentials/access.ts'
import type { Settings } from '../settings.ts'
import type { Console } from './console.ts'
import { expiryOf, fetchIdentity } from './identity.ts'

/** Tells who the gateway takes this user for, and where the token was found. */
export async function whoami(options: {
  workspace: string | undefined
  settings: Settings
  console: Console
}): Promise<void> {
  const access = createAccess(options.settings, options.workspace)
  try {
    const { href } = await access.workspace()
    const { source } = await access.token()
    const identity = await fetchIdentity(access)
    const expiresAt = expiryOf(identity)
    options.console.result(
      { role: identity.role, member: identity.member, workspace: href, expiresAt, storage: source },
      [
        `workspace  ${href}`,
        `member     ${identity.member}`,
        `role       ${identity.role}`,
        `expires    ${expiresAt ?? 'never'}`,
        `token      from ${source}`,
      ],
    )
  } finally {
    await access.close()
  }
}
