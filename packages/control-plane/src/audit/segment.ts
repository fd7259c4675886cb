import type { AuditSegment, Signer } from '../model/audit-seal.ts'
import { isSignedBy, keyIdOf, type VerifyingKey } from './signature.ts'

export type UnsignedSegment = Omit<AuditSegment, 'keyId' | 'signature'>

export function signSegment(signer: Signer, unsigned: UnsignedSegment): AuditSegment {
  const named = { ...unsigned, keyId: keyIdOf(signer.publicKey) }
  return { ...named, signature: signer.sign(signedText(named)) }
}

export function isGenuineSegment(segment: AuditSegment, key: VerifyingKey): boolean {
  return segment.keyId === key.keyId && isSignedBy(key, signedText(segment), segment.signature)
}

function signedText(segment: Omit<AuditSegment, 'signature'>): string {
  return JSON.stringify([
    'mcpgw-segment-1',
    segment.workspaceId,
    segment.fromSeq,
    segment.toSeq,
    segment.previousHash,
    segment.lastHash,
    segment.fromTime,
    segment.toTime,
    segment.rows,
    segment.sealedAt,
    segment.keyId,
  ])
}
