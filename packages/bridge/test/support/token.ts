import { crc32 } from '../../src/credentials/crc32.ts'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** A well-formed token whose random part is `seed`, repeated. */
export function createToken(seed: string): string {
  const body = `mcpgw_${seed.repeat(40).slice(0, 40)}`
  let rest = crc32(body)
  const digits = Array.from({ length: 6 }, () => {
    const digit = alphabet.charAt(rest % 62)
    rest = Math.floor(rest / 62)
    return digit
  })
  return body + digits.reverse().join('')
}
