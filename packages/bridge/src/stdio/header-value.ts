/** A value as an HTTP header carries it: plain when every recipient reads it the same, else `=?base64?…?=`. */
export function encodeHeaderValue(value: string): string {
  return isPlain(value) ? value : `=?base64?${Buffer.from(value, 'utf8').toString('base64')}?=`
}

function isPlain(value: string): boolean {
  const looksEncoded = value.startsWith('=?base64?') && value.endsWith('?=')
  return /^[\t\x20-\x7e]+$/.test(value) && value.trim() === value && !looksEncoded
}
