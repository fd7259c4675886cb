import { hostname, userInfo } from 'node:os'
import { printable } from '../terminal/printable.ts'

const maxCharacters = 100

/** What the token is called in the gateway, so that its owner knows which machine it is on. */
export function nameOfDevice(user = currentUser(), host = hostname()): string {
  const name = printable(`${user} on ${host}`).replace(/\s+/g, ' ')
  return Array.from(name).slice(0, maxCharacters).join('')
}

/** A user without an entry in the machine's list, as in many containers, makes Node throw. */
function currentUser(): string {
  try {
    return userInfo().username
  } catch {
    return 'somebody'
  }
}
