import { z } from 'zod'
import { ACTIONS, may } from '../access/permissions.ts'
import { ROLES } from '../model/role.ts'
import { instant, nothing, toInstant } from './fields.ts'
import { forCaller } from './operation.ts'

const whoamiAnswer = z.strictObject({
  role: z.enum(ROLES),
  member: z.string(),
  workspace: z.string().exactOptional(),
  expiresAt: instant.exactOptional(),
  /** Of the token, or of the one that a session was opened with; a command on the machine itself has none. */
  tokenName: z.string().exactOptional(),
  /** What the role includes, in the workspace where it is one of a workspace. */
  actions: z.array(z.enum(ACTIONS)),
  session: z.strictObject({ expiresAt: instant }).exactOptional(),
})

export const whoami = forCaller({
  name: 'whoami',
  summary: 'Who the token says you are',
  recorded: false,
  input: nothing,
  answer: whoamiAnswer,
  async run({ manage, principal }) {
    const { role, member, workspaceId, tokenId, kind, expiresAt } = principal
    const { workspaces, tokens } = manage.storage
    const workspace = workspaceId === undefined ? undefined : await workspaces.byId(workspaceId)
    const token = await tokens.byId(tokenId)
    const end = expiresAt === undefined ? {} : { expiresAt: toInstant(expiresAt) }
    return {
      role,
      member,
      ...(workspace === undefined ? {} : { workspace: workspace.slug }),
      ...end,
      ...(token === undefined ? {} : { tokenName: token.name }),
      actions: ACTIONS.filter((action) => may(principal, action, workspaceId)),
      ...(kind === 'session' && end.expiresAt !== undefined ? { session: { expiresAt: end.expiresAt } } : {}),
    }
  },
})
