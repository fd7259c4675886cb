import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { Signer } from '../model/audit-seal.ts'
import { GatewayError } from '../model/error.ts'
import type { KeyStore } from '../model/stores.ts'
import { addOrRead } from './key-ring.ts'
import type { MasterKeys } from './master-keys.ts'

/** Kept beside the workspaces' keys and wrapped like them, so that a change of the master key takes it along. */
const NAME = 'audit-signing'

/** The key that signs the log's checkpoints and segments: made at the first use, the same ever after. */
export async function openSigningKey(masterKeys: MasterKeys, keys: KeyStore): Promise<Signer> {
  const wrapped = (await keys.get(NAME)) ?? (await addOrRead(keys, NAME, makeKey(masterKeys)))
  const secret = masterKeys.unwrap(wrapped, [NAME])
  if (secret === undefined) throw unreadableKey()
  const privateKey = createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' })
  secret.fill(0)
  return createSigner(privateKey)
}

function makeKey(masterKeys: MasterKeys): Uint8Array {
  const { privateKey } = generateKeyPairSync('ed25519')
  const secret = privateKey.export({ format: 'der', type: 'pkcs8' })
  const wrapped = masterKeys.wrap(secret, [NAME])
  secret.fill(0)
  return wrapped
}

function createSigner(privateKey: KeyObject): Signer {
  return {
    publicKey: createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64'),
    sign: (message) => sign(null, Buffer.from(message), privateKey).toString('base64url'),
  }
}

function unreadableKey(): GatewayError {
  return new GatewayError('configuration', 'The key that signs the log cannot be opened.', {
    fix: 'Start the gateway with the master key that sealed it, or restore the database from a backup.',
  })
}
