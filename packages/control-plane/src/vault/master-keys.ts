import type { Random } from '../model/clock.ts'
import { GatewayError } from '../model/error.ts'
import { deriveKey, isSealedWith, openRecord, type SealingKey, sealRecord } from './envelope.ts'

/**
 * The master key in use, and those before it while records wrapped with them are still around. It wraps other keys
 * and nothing else, and not even that itself: a key derived from it does.
 */
export interface MasterKeys {
  /** The public id of the newest master key, as the records it wraps carry it. */
  readonly id: string
  /** Wraps with the newest master key. */
  wrap(plain: Uint8Array, context: readonly string[]): Uint8Array
  /** Opens what any known master key has wrapped. */
  unwrap(record: Uint8Array, context: readonly string[]): Buffer | undefined
  /** Whether a record needs no wrapping again. */
  isCurrent(record: Uint8Array): boolean
  /** From now on wraps with this key, and keeps opening what the keys before it have wrapped. */
  use(masterKey: Uint8Array): void
}

/** `masterKeys`: newest first. The bytes given are copied. */
export function createMasterKeys(masterKeys: readonly Uint8Array[], random: Random): MasterKeys {
  const known = masterKeys.map(wrappingKeyFrom)

  function newest(): SealingKey {
    const [key] = known
    if (key === undefined) throw new Error('a vault needs a master key')
    return key
  }

  return {
    get id() {
      return Buffer.from(newest().id).toString('hex')
    },
    wrap: (plain, context) => sealRecord({ key: newest(), plain, context, random }),
    unwrap(record, context) {
      const key = known.find((each) => isSealedWith(record, each))
      return key && openRecord({ key, record, context })
    },
    isCurrent: (record) => isSealedWith(record, newest()),
    use(masterKey) {
      const key = wrappingKeyFrom(masterKey)
      if (Buffer.compare(key.id, newest().id) !== 0) known.unshift(key)
    },
  }
}

function wrappingKeyFrom(masterKey: Uint8Array): SealingKey {
  // Deriving would work from anything, also from nothing.
  if (masterKey.length !== 32) throw new GatewayError('configuration', 'A master key has 32 bytes.')
  return deriveKey(masterKey, 'wrap')
}
