import { z } from 'zod'
import type { AuditHead } from '../model/audit-row.ts'
import type { Checkpoint, Signer } from '../model/audit-seal.ts'
import { isSignedBy, keyIdOf, type VerifyingKey } from './signature.ts'

/** A checkpoint as it comes back from where it was kept. */
export const checkpointShape: z.ZodType<Checkpoint> = z.strictObject({
  version: z.literal(1),
  workspace: z.strictObject({ id: z.string().max(100), slug: z.string().max(100).nullable() }),
  seq: z.int().min(0),
  hash: z.string().max(100),
  time: z.string().max(100),
  keyId: z.string().max(100),
  signature: z.string().max(200),
})

/** Signs where a log stands. */
export function signCheckpoint(
  signer: Signer,
  { workspace, head, now }: { workspace: Checkpoint['workspace']; head: AuditHead; now: number },
): Checkpoint {
  const unsigned: Omit<Checkpoint, 'signature'> = {
    version: 1,
    workspace,
    seq: head.seq,
    hash: head.hash,
    time: new Date(now).toISOString(),
    keyId: keyIdOf(signer.publicKey),
  }
  return { ...unsigned, signature: signer.sign(signedText(unsigned)) }
}

export function isGenuine(checkpoint: Checkpoint, key: VerifyingKey): boolean {
  return checkpoint.keyId === key.keyId && isSignedBy(key, signedText(checkpoint), checkpoint.signature)
}

/** One array in a fixed order: JSON keeps the values apart, and the first word keeps this from being anything else. */
function signedText({ workspace, seq, hash, time, keyId }: Omit<Checkpoint, 'signature'>): string {
  return JSON.stringify(['mcpgw-checkpoint-1', workspace.id, workspace.slug, seq, hash, time, keyId])
}
