import { z } from 'zod'
import { nothing } from './fields.ts'
import { onInstallation } from './operation.ts'

export const masterKeyAnswer = z.strictObject({
  source: z.enum(['file', 'environment']),
  file: z.string().exactOptional(),
  keyId: z.string(),
  unfinished: z.boolean(),
  olderKeys: z.int(),
  unreadableKeys: z.int(),
})

const rotationAnswer = z.strictObject({
  keyId: z.string(),
  wrapped: z.int(),
  file: z.string().exactOptional(),
  advice: z.string(),
})

export const showMasterKey = onInstallation({
  name: 'master-key.show',
  summary: 'Where the master key comes from, its id, and whether a change of it is unfinished; never the key',
  action: 'key.rotate',
  recorded: false,
  input: nothing,
  answer: masterKeyAnswer,
  run: ({ manage }) => manage.masterKey.describe(),
})

export const rotateMasterKey = onInstallation({
  name: 'master-key.rotate',
  summary: 'Change the master key, or finish a change that was begun, while calls go on',
  action: 'key.rotate',
  recorded: true,
  input: nothing,
  answer: rotationAnswer,
  async run({ manage, deed }) {
    const rotation = await manage.masterKey.rotate()
    deed.thing = rotation.keyId
    return { ...rotation, advice: adviceFor(rotation.file) }
  },
})

function adviceFor(file: string | undefined): string {
  const key = file === undefined ? 'the new master key' : `the new master key in ${file}`
  return `Back up ${key} now, away from the database. The old key is needed for older backups of the database, and for nothing else.`
}
