import * as z from 'zod/mini'
import { BridgeError } from '../bridge-error.ts'
import { requireWellFormedToken } from '../credentials/token.ts'
import { parseWorkspaceUrl, type WorkspaceUrl } from '../workspace-url.ts'
import { type Answer, type AuthorizationServer, explainOAuthRefusal } from './authorization-server.ts'

export interface IssuedToken {
  readonly token: string
  readonly workspace: WorkspaceUrl
}

const tokenAnswerSchema = z.object({
  access_token: z.string(),
  token_type: z.string().check(z.regex(/^bearer$/i)),
  workspace: z.string(),
})

/** Reads the answer of the token endpoint. The token is for a workspace of this gateway, whatever the answer says. */
export function readIssuedToken(answer: Answer, server: AuthorizationServer, again: string): IssuedToken {
  if (!answer.granted) throw explainOAuthRefusal(answer.refusal, again)
  const issued = tokenAnswerSchema.safeParse(answer.value)
  if (!issued.success) {
    throw new BridgeError('not_mcp', `${server.origin} did not answer like an mcpgw gateway.`, {
      fix: 'Check the URL.',
    })
  }
  const workspace = readWorkspace(issued.data.workspace)
  if (workspace?.origin !== server.origin) {
    throw new BridgeError('not_mcp', `${server.origin} issued a token for another address; it is not kept.`, {
      fix: 'Log in with the URL that the gateway itself gives for the workspace.',
    })
  }
  return { token: requireWellFormedToken(issued.data.access_token, server.origin), workspace }
}

function readWorkspace(text: string): WorkspaceUrl | undefined {
  try {
    return parseWorkspaceUrl(text)
  } catch {
    return undefined
  }
}
