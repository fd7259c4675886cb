/** Signs for this installation with the one key of its log. */
export interface Signer {
  /** Ed25519, as base64 of its DER (SubjectPublicKeyInfo). */
  publicKey: string
  /** The signature as base64url. */
  sign(message: string): string
}

/** Where a workspace's log stood at a time, signed, to be kept where the database's administrator cannot write. */
export interface Checkpoint {
  version: 1
  /** The slug is null for the log of the installation, and of a workspace that was removed. */
  workspace: { id: string; slug: string | null }
  seq: number
  hash: string
  /** ISO 8601 in UTC. */
  time: string
  keyId: string
  signature: string
}

/** Rows that were pruned in one piece, and all that is needed to go on verifying behind them. */
export interface AuditSegment {
  workspaceId: string
  fromSeq: number
  toSeq: number
  /** The hash of the row before the first, and the hash of the last. */
  previousHash: string
  lastHash: string
  /** The earliest and the latest time of its rows. */
  fromTime: number
  toTime: number
  rows: number
  sealedAt: number
  keyId: string
  signature: string
}
