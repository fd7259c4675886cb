import { z } from 'zod'
import { ROLES } from '../model/role.ts'
import { instant, nothing, toInstant } from './fields.ts'
import { forCaller } from './operation.ts'

const whoamiAnswer = z.strictObject({
  role: z.enum(ROLES),
  member: z.string(),
  workspace: z.string().exactOptional(),
  expiresAt: instant.exactOptional(),
})

export const whoami = forCaller({
  name: 'whoami',
  summary: 'Who the token says you are',
  recorded: false,
  input: nothing,
  answer: whoamiAnswer,
  async run({ manage, principal }) {
    const { role, member, workspaceId, expiresAt } = principal
    const workspace =
      workspaceId === undefined ? undefined : await manage.storage.workspaces.byId(workspaceId)
    return {
      role,
      member,
      ...(workspace === undefined ? {} : { workspace: workspace.slug }),
      ...(expiresAt === undefined ? {} : { expiresAt: toInstant(expiresAt) }),
    }
  },
})
