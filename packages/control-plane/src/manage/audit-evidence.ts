import { z } from 'zod'
import { verifyChain } from '../audit/chain.ts'
import { checkpointShape, isGenuine, signCheckpoint } from '../audit/checkpoint.ts'
import { keyIdOf, readVerifyingKey } from '../audit/signature.ts'
import type { Checkpoint } from '../model/audit-seal.ts'
import type { Manage } from './context.ts'
import { nothing } from './fields.ts'
import { forCaller, INSTALLATION_LOG, inWorkspace, onInstallation } from './operation.ts'

const verdict = z.strictObject({
  ok: z.boolean(),
  /** How many rows were read, how many are gone by retention, and with how many checkpoints all was compared. */
  rows: z.int().exactOptional(),
  pruned: z.int().exactOptional(),
  checkpoints: z.int().exactOptional(),
  head: z.strictObject({ seq: z.int(), hash: z.string() }).exactOptional(),
  firstBadSeq: z.int().exactOptional(),
  reason: z.string().exactOptional(),
})

type Verdict = z.output<typeof verdict>

const evidence = z.strictObject({
  /** Those of other logs do not count. */
  checkpoints: z.array(checkpointShape).max(3_000, 'must be at most 3000'),
  /** The public key of this installation, as whoever asks knows it; absent: as it says itself. */
  key: z.string().max(1_000, 'is longer than any public key').exactOptional(),
})

type Evidence = z.output<typeof evidence>

// None of these leaves a row: a log that was touched may be one that cannot be written, and must be told of all the same.

export const verifyAudit = inWorkspace({
  name: 'audit.verify',
  summary: 'Look for changed, missing or reordered rows in the whole log',
  action: 'audit.verify',
  recorded: false,
  input: nothing,
  answer: verdict,
  run: ({ manage, workspace }) => verify(manage, workspace.id, { checkpoints: [] }),
})

export const verifyInstallationAudit = onInstallation({
  name: 'audit.verify-installation',
  summary: 'The same for the log of what belongs to no workspace',
  action: 'audit.verify',
  recorded: false,
  input: nothing,
  answer: verdict,
  run: ({ manage }) => verify(manage, INSTALLATION_LOG, { checkpoints: [] }),
})

export const compareAudit = inWorkspace({
  name: 'audit.compare',
  summary: 'Verify the whole log and hold it against checkpoints taken earlier',
  action: 'audit.verify',
  recorded: false,
  input: evidence,
  answer: verdict,
  run: ({ manage, workspace }, _where, given) => verify(manage, workspace.id, given),
})

export const compareInstallationAudit = onInstallation({
  name: 'audit.compare-installation',
  summary: 'The same for the log of what belongs to no workspace',
  action: 'audit.verify',
  recorded: false,
  input: evidence,
  answer: verdict,
  run: ({ manage }, _where, given) => verify(manage, INSTALLATION_LOG, given),
})

async function verify(manage: Manage, workspaceId: string, given: Evidence): Promise<Verdict> {
  const key = readVerifyingKey(given.key ?? (await manage.vault.signer()).publicKey)
  const checkpoints = given.checkpoints.filter(({ workspace }) => workspace.id === workspaceId)
  const forged = checkpoints.find((checkpoint) => !isGenuine(checkpoint, key))
  if (forged !== undefined) return { ok: false, firstBadSeq: forged.seq, reason: 'checkpoint_forged' }
  return verifyChain(manage.storage.audit, workspaceId, { key, checkpoints })
}

export const checkpointAudit = inWorkspace({
  name: 'audit.checkpoint',
  summary: 'Where the log stands now, signed, to be kept elsewhere',
  action: 'audit.verify',
  recorded: false,
  input: nothing,
  answer: checkpointShape,
  run: ({ manage, workspace }) => checkpoint(manage, { id: workspace.id, slug: workspace.slug }),
})

export const checkpointInstallationAudit = onInstallation({
  name: 'audit.checkpoint-installation',
  summary: 'The same for the log of what belongs to no workspace',
  action: 'audit.verify',
  recorded: false,
  input: nothing,
  answer: checkpointShape,
  run: ({ manage }) => checkpoint(manage, { id: INSTALLATION_LOG, slug: null }),
})

async function checkpoint(manage: Manage, workspace: Checkpoint['workspace']): Promise<Checkpoint> {
  const [signer, head] = await Promise.all([manage.vault.signer(), manage.storage.audit.head(workspace.id)])
  return signCheckpoint(signer, { workspace, head, now: manage.clock.now() })
}

export const showCheckpointKey = forCaller({
  name: 'audit.checkpoint-key',
  summary: 'The public key that opens the signatures of checkpoints: the same as long as the database lives',
  action: 'audit.verify',
  recorded: false,
  input: nothing,
  answer: z.strictObject({ keyId: z.string(), algorithm: z.literal('Ed25519'), publicKey: z.string() }),
  async run({ manage }) {
    const { publicKey } = await manage.vault.signer()
    return { keyId: keyIdOf(publicKey), algorithm: 'Ed25519' as const, publicKey }
  },
})
