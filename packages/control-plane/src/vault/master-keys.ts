import type { Random } from '../model/clock.ts'
import { GatewayError } from '../model/error.ts'
import { deriveKey, isSealedWith, openRecord, type SealingKey, sealRecord } from './envelope.ts'

/**
 * The master key in use, and the one before it while records sealed with that are still around. Nothing is sealed
 * with a master key itself: each purpose has a key derived from it.
 */
export interface MasterKeys {
  /** Seals with the newest master key. */
  seal(purpose: string, plain: Uint8Array, context: readonly string[]): Uint8Array
  /** Opens what any known master key has sealed. */
  open(purpose: string, record: Uint8Array, context: readonly string[]): Buffer | undefined
  /** Whether a record needs no re-sealing. */
  isCurrent(purpose: string, record: Uint8Array): boolean
  /** From now on seals with this key, and keeps opening what the keys before it have sealed. */
  add(masterKey: Uint8Array): void
}

type Derivation = (purpose: string) => SealingKey

/** `masterKeys`: newest first. The bytes given are copied. */
export function createMasterKeys(masterKeys: readonly Uint8Array[], random: Random): MasterKeys {
  const derivations = masterKeys.map(derivationFrom)

  function newest(purpose: string): SealingKey {
    const [derive] = derivations
    if (derive === undefined) throw new Error('a vault needs a master key')
    return derive(purpose)
  }

  return {
    seal: (purpose, plain, context) => sealRecord({ key: newest(purpose), plain, context, random }),
    open(purpose, record, context) {
      const key = derivations.map((derive) => derive(purpose)).find((key) => isSealedWith(record, key))
      return key && openRecord({ key, record, context })
    },
    isCurrent: (purpose, record) => isSealedWith(record, newest(purpose)),
    add(masterKey) {
      derivations.unshift(derivationFrom(masterKey))
    },
  }
}

function derivationFrom(masterKey: Uint8Array): Derivation {
  // Deriving would work from anything, also from nothing.
  if (masterKey.length !== 32) throw new GatewayError('configuration', 'A master key has 32 bytes.')
  const source = Uint8Array.from(masterKey)
  const keys = new Map<string, SealingKey>()
  return (purpose) => {
    const known = keys.get(purpose)
    if (known !== undefined) return known
    const key = deriveKey(source, purpose)
    keys.set(purpose, key)
    return key
  }
}
