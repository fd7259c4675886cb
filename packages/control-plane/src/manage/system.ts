import { z } from 'zod'
import { instant, nothing, toInstant } from './fields.ts'
import { masterKeyAnswer } from './master-key.ts'
import { onInstallation } from './operation.ts'

const systemAnswer = z.strictObject({
  version: z.string(),
  startedAt: instant,
  node: z.string(),
  database: z.strictObject({
    kind: z.enum(['sqlite', 'postgres']),
    sizeBytes: z.int().nullable(),
    version: z.string(),
  }),
  masterKey: masterKeyAnswer,
  /** What keeps hosted servers apart; `off` where none are run. */
  sandbox: z.strictObject({ kind: z.enum(['bwrap', 'none', 'off']), reason: z.string().exactOptional() }),
  eventLoopMs: z.strictObject({ p50: z.number(), p99: z.number() }),
  memoryBytes: z.int(),
  workspaces: z.int(),
  servers: z.int(),
  log: z.strictObject({ checkpoints: z.string().nullable(), retentionDays: z.int().nullable() }),
})

export const showSystem = onInstallation({
  name: 'system.show',
  summary: 'How the installation is doing: program, database, master key, sandbox, load',
  action: 'system.read',
  recorded: false,
  input: nothing,
  answer: systemAnswer,
  async run({ manage }) {
    const { storage } = manage
    const { version, node, startedAt, sandbox, eventLoopMs, memoryBytes, log } = manage.system()
    const [database, masterKey, workspaces, servers] = await Promise.all([
      storage.describe(),
      manage.masterKey.describe(),
      storage.workspaces.count(),
      storage.servers.count(),
    ])
    return {
      version,
      startedAt: toInstant(startedAt),
      node,
      database: { ...database, sizeBytes: database.sizeBytes ?? null },
      masterKey,
      sandbox: sandbox ?? { kind: 'off' as const },
      eventLoopMs,
      memoryBytes,
      workspaces,
      servers,
      log: { checkpoints: log.checkpoints ?? null, retentionDays: log.retentionDays ?? null },
    }
  },
})
