import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto'
import { GatewayError } from '../model/error.ts'

// A name for the key, not a proof: long enough that no two installations share one.
const KEY_ID_LENGTH = 16

/** The public half of an installation's signing key, as whoever verifies knows it. */
export interface VerifyingKey {
  keyId: string
  key: KeyObject
}

/** Reads an Ed25519 public key: PEM, or base64 of its DER. Throws `invalid_request` for anything else. */
export function readVerifyingKey(text: string): VerifyingKey {
  try {
    const key = text.includes('-----BEGIN')
      ? createPublicKey(text)
      : createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' })
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`a key of type ${key.asymmetricKeyType}`)
    return { key, keyId: keyIdOf(key.export({ format: 'der', type: 'spki' }).toString('base64')) }
  } catch (cause) {
    throw new GatewayError('invalid_request', 'The key is not an Ed25519 public key.', {
      cause,
      fix: 'Give what GET /api/v1/audit/checkpoint-key answered as publicKey, or the same key as PEM.',
    })
  }
}

/** How a public key is called: the beginning of the SHA-256 of its DER, which is given as base64. */
export function keyIdOf(publicKey: string): string {
  return hash('sha256', Buffer.from(publicKey, 'base64'), 'base64url').slice(0, KEY_ID_LENGTH)
}

/** Whether this key made the signature (base64url) over the message. */
export function isSignedBy({ key }: VerifyingKey, message: string, signature: string): boolean {
  return verify(null, Buffer.from(message), key, Buffer.from(signature, 'base64url'))
}
