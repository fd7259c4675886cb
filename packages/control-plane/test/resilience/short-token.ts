import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { hashToken, mintToken } from '../../src/access/token-format.ts'
import { openStorage } from '../../src/storage/open-storage.ts'
import type { ControlPlane } from '../control-plane.ts'

/**
 * A developer token that expires at this moment, in Unix milliseconds. The API gives none less than a minute, so this
 * one is put into the database beside the running program.
 */
export async function issueUntil(plane: ControlPlane, slug: string, expiresAt: number): Promise<string> {
  await using storage = await openStorage({
    url: `sqlite:${join(plane.dataDir, 'mcpgw.db')}`,
    clock: { now: () => Date.now() },
  })
  const workspace = await storage.workspaces.bySlug(slug)
  if (workspace === undefined) throw new Error(`no workspace ${slug}`)
  const token = mintToken({ bytes: randomBytes })
  await storage.tokens.create({
    id: randomUUID(),
    workspaceId: workspace.id,
    name: 'short',
    member: 'tester',
    role: 'developer',
    rules: {},
    hash: hashToken(token),
    createdAt: Math.min(Date.now(), expiresAt),
    expiresAt,
  })
  return token
}
