import { createHash } from 'node:crypto'
import type { AuditEntry, AuditRow } from '../../src/model/audit-row.ts'
import type { AuditSegment } from '../../src/model/audit-seal.ts'
import type { CredentialRecord } from '../../src/model/credential.ts'
import type { Invite } from '../../src/model/invite.ts'
import type { PendingLogin } from '../../src/model/pending-login.ts'
import type { Server } from '../../src/model/server.ts'
import type { AuditStore } from '../../src/model/stores.ts'
import type { Token } from '../../src/model/token.ts'
import type { Workspace } from '../../src/model/workspace.ts'

export function sampleWorkspace(id: string): Workspace {
  return { id, slug: `slug-${id}`, name: `Workspace ${id}`, createdAt: 1_700_000_000_000 }
}

export function sampleServer(workspaceId: string, name: string): Server {
  return {
    id: `${workspaceId}/${name}`,
    workspaceId,
    name,
    target: {
      kind: 'remote',
      url: 'https://mcp.example/mcp',
      transport: 'auto',
      headers: { Authorization: 'Bearer {{TOKEN}}' },
    },
    enabled: true,
    prefix: 'always',
    tools: { deny: ['delete_*'] },
    isolation: 'shared',
    timeoutMs: 60_000,
    createdAt: 1_700_000_000_001,
    updatedAt: 1_700_000_000_002,
  }
}

export function sampleCredential(server: Server, version: number): CredentialRecord {
  return {
    serverId: server.id,
    workspaceId: server.workspaceId,
    version,
    names: ['TOKEN', 'naïve "name"'],
    sealed: Uint8Array.of(0, 255, version, 39),
    updatedAt: 1_700_000_000_003,
  }
}

export function sampleInvite(workspaceId: string, id: string, createdAt = 1_700_000_000_004): Invite {
  return {
    id,
    workspaceId,
    hash: `hash of ${id}`,
    member: 'ada',
    role: 'readonly',
    rules: { servers: { allow: ['git*'] } },
    tokenLifetimeMs: 60_000,
    createdAt,
    expiresAt: createdAt + 1_000,
  }
}

/** Begun at 0 and over at 1000. */
export function sampleDeviceLogin(id: string): PendingLogin & { userCode: string } {
  return {
    kind: 'device',
    hash: `hash of ${id}`,
    workspace: 'slug-w',
    deviceName: 'laptop "of" ada',
    createdAt: 0,
    expiresAt: 1_000,
    userCode: `code of ${id}`,
    address: '127.0.0.1',
    intervalMs: 50,
  }
}

export function sampleToken(
  workspaceId: string | undefined,
  id: string,
  createdAt = 1_700_000_000_004,
): Token {
  return {
    id,
    ...(workspaceId === undefined ? {} : { workspaceId }),
    name: `Token ${id}`,
    member: 'ada',
    role: workspaceId === undefined ? 'owner' : 'developer',
    rules: { servers: { allow: ['git*'] }, tools: { deny: ['*/delete'] }, readOnlyTools: true },
    hash: `hash of ${id}`,
    createdAt,
  }
}

export function sampleSession(workspaceId: string | undefined, id: string, parentId: string): Token {
  return { ...sampleToken(workspaceId, id), kind: 'session', expiresAt: 2_000_000_000_000, parentId }
}

export function sampleEntry(workspaceId: string, changed: Partial<AuditEntry> = {}): AuditEntry {
  return {
    kind: 'call',
    time: 1_700_000_000_000,
    workspaceId,
    tokenId: 'token',
    member: 'ada',
    role: 'developer',
    method: 'tools/call',
    outcome: 'ok',
    latencyMs: 12,
    bytesIn: 100,
    bytesOut: 2_000,
    requestId: 'request',
    ...changed,
  }
}

export function sampleSegment(workspaceId: string, fromSeq: number, toSeq: number): AuditSegment {
  return {
    workspaceId,
    fromSeq,
    toSeq,
    previousHash: 'before',
    lastHash: 'last',
    fromTime: 1,
    toTime: 1_700_000_000_000,
    rows: toSeq - fromSeq + 1,
    sealedAt: 1_700_000_000_001,
    keyId: 'key',
    signature: 'signature',
  }
}

export const link: Parameters<AuditStore['append']>[1] = (previousHash, row) =>
  createHash('sha256').update(previousHash).update(canonical(row)).digest('base64url')

/** Whether the rows follow on one another from an empty chain, as they read now. */
export function isWholeChain(rows: readonly AuditRow[]): boolean {
  let previousHash = ''
  for (const [index, { hash, ...row }] of rows.entries()) {
    if (row.seq !== index + 1 || link(previousHash, row) !== hash) return false
    previousHash = hash
  }
  return true
}

function canonical(row: object): string {
  return JSON.stringify(Object.entries(row).sort(([left], [right]) => (left < right ? -1 : 1)))
}
