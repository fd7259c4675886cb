import { z } from 'zod'
import { readableMember } from './audit-row-answer.ts'
import { instant, toInstant } from './fields.ts'
import { inWorkspace } from './operation.ts'
import { mapPage, pageOf, pageQuery } from './paging.ts'

/** As long as they are kept; what is older may not have been cleared away yet. */
const SHOWN_FOR_MS = 90 * 24 * 60 * 60_000

const clientAnswer = z.strictObject({
  client: z.string(),
  era: z.enum(['modern', 'legacy']),
  tokenId: z.string(),
  tokenName: z.string(),
  member: z.string(),
  firstSeenAt: instant,
  lastSeenAt: instant,
})

export const listClients = inWorkspace({
  name: 'client.list',
  summary:
    'The clients that connected within 90 days, last seen first: all for admins, your own for developers',
  action: 'audit.read-own',
  recorded: false,
  input: pageQuery(100),
  answer: pageOf(clientAnswer),
  async run({ manage, principal, workspace }, _where, query) {
    const member = readableMember(principal, workspace.id)
    const filter = {
      workspaceId: workspace.id,
      seenSince: manage.clock.now() - SHOWN_FOR_MS,
      ...(member !== undefined && { member }),
    }
    const page = await manage.storage.clients.list(filter, query)
    return mapPage(page, ({ workspaceId: _, firstSeenAt, lastSeenAt, ...seen }) => ({
      ...seen,
      firstSeenAt: toInstant(firstSeenAt),
      lastSeenAt: toInstant(lastSeenAt),
    }))
  },
})
