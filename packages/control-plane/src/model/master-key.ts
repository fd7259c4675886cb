/** What may be known of the master key. */
export interface MasterKeyDescription {
  source: 'file' | 'environment'
  file?: string
  /** Tells one key from another, and nothing else of it. */
  keyId: string
  /** Whether a change of the key was begun and is not done. */
  unfinished: boolean
  /** How many keys are wrapped with an older master key still. */
  olderKeys: number
  /** How many keys no known master key opens. */
  unreadableKeys: number
}

export interface MasterKeyRotation {
  keyId: string
  /** How many keys were wrapped with it just now. */
  wrapped: number
  /** Where it is kept, if that is a file. */
  file?: string
}

export interface MasterKeyKeeper {
  describe(): Promise<MasterKeyDescription>
  /**
   * Changes to a new master key, or finishes a change that was begun, while calls go on. Throws `unsupported`, with
   * the way that works, where the key was given from outside.
   */
  rotate(): Promise<MasterKeyRotation>
  /** Finishes a change that was begun; wraps nothing where there is none. */
  finish(): Promise<MasterKeyRotation>
}
