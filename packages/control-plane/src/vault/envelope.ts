import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import type { Random } from '../model/clock.ts'

const ALGORITHM = 'aes-256-gcm'
const VERSION = 1
const KEY_ID_BYTES = 8
const NONCE_BYTES = 12
const TAG_BYTES = 16
const NONCE_START = 1 + KEY_ID_BYTES
const CIPHERTEXT_START = NONCE_START + NONCE_BYTES

/** A key that seals and opens records, and the short public id by which a record says which key it needs. */
export interface SealingKey {
  id: Uint8Array
  secret: KeyObject
}

/** Derives a key for one purpose. Keys of different purposes tell nothing about each other or about their source. */
export function deriveKey(source: Uint8Array | KeyObject, purpose: string): SealingKey {
  const derive = (label: string, length: number) =>
    new Uint8Array(hkdfSync('sha256', source, '', `mcpgw/1/${label}/${purpose}`, length))
  return { id: derive('id', KEY_ID_BYTES), secret: secretKey(derive('key', 32)) }
}

/** Takes 32 bytes over into a key; the bytes given are wiped. */
export function secretKey(bytes: Uint8Array): KeyObject {
  const key = createSecretKey(bytes)
  bytes.fill(0)
  return key
}

export interface SealRequest {
  key: SealingKey
  plain: Uint8Array
  /** Everything that says where this record belongs: it opens only with the very same words in the same order. */
  context: readonly string[]
  random: Random
}

/** version | key id | nonce | ciphertext | tag */
export function sealRecord({ key, plain, context, random }: SealRequest): Uint8Array {
  const nonce = random.bytes(NONCE_BYTES)
  const header = Buffer.concat([Buffer.of(VERSION), key.id])
  const cipher = createCipheriv(ALGORITHM, key.secret, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(associatedData(header, context))
  const body = [cipher.update(plain), cipher.final()]
  return Buffer.concat([header, nonce, ...body, cipher.getAuthTag()])
}

export interface OpenRequest {
  key: SealingKey
  record: Uint8Array
  context: readonly string[]
}

/** The plaintext, or undefined unless the record is whole, unchanged, and sealed with this key for this context. */
export function openRecord({ key, record, context }: OpenRequest): Buffer | undefined {
  if (!isSealedWith(record, key)) return undefined
  const tagStart = record.length - TAG_BYTES
  const nonce = record.subarray(NONCE_START, CIPHERTEXT_START)
  // Without the length Node accepts tags cut to 4 bytes, which can be guessed.
  const decipher = createDecipheriv(ALGORITHM, key.secret, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(associatedData(record.subarray(0, NONCE_START), context))
  decipher.setAuthTag(record.subarray(tagStart))
  try {
    const plain = decipher.update(record.subarray(CIPHERTEXT_START, tagStart))
    decipher.final()
    return plain
  } catch {
    return undefined
  }
}

/** Whether a record is of a kind we know and names this key. Says nothing about its being genuine. */
export function isSealedWith(record: Uint8Array, key: SealingKey): boolean {
  if (record.length < CIPHERTEXT_START + TAG_BYTES || record[0] !== VERSION) return false
  return Buffer.compare(record.subarray(1, NONCE_START), key.id) === 0
}

/** Each part behind its length, so that ("a", "bc") and ("ab", "c") differ. */
function associatedData(header: Uint8Array, context: readonly string[]): Buffer {
  const parts = [header, ...context.map((part) => Buffer.from(part))]
  return Buffer.concat(parts.flatMap((part) => [lengthOf(part), part]))
}

function lengthOf(part: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(part.length)
  return length
}
