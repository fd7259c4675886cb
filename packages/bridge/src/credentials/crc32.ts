/** CRC32 (IEEE) of an ASCII text. `zlib.crc32` came after Node 20.0, which the bridge still runs on. */
export function crc32(text: string): number {
  let remainder = 0xffffffff
  for (const byte of Buffer.from(text, 'latin1')) {
    remainder ^= byte
    for (let bit = 0; bit < 8; bit += 1) {
      remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0)
    }
  }
  return (remainder ^ 0xffffffff) >>> 0
}
