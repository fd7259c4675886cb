import { BridgeError } from '../bridge-error.ts'
import { crc32 } from './crc32.ts'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Returns the token when its form and checksum are right. Says nothing about whether a gateway knows it. */
export function requireWellFormedToken(text: string, source: string): string {
  if (/^mcpgw_[0-9A-Za-z]{46}$/.test(text) && text.endsWith(checksumOf(text.slice(0, 46)))) return text
  throw new BridgeError('bad_token', `The token from ${source} is malformed: cut off or mistyped.`, {
    fix: 'Copy it again, whole: it starts with mcpgw_ and has 52 characters.',
  })
}

function checksumOf(body: string): string {
  let rest = crc32(body)
  let digits = ''
  for (let place = 0; place < 6; place += 1) {
    digits = alphabet.charAt(rest % 62) + digits
    rest = Math.floor(rest / 62)
  }
  return digits
}
