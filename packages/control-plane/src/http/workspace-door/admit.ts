import type { IncomingMessage } from 'node:http'
import { may } from '../../access/permissions.ts'
import { HOPS_HEADER } from '../../gateway/hops.ts'
import type { WorkspaceRuntime } from '../../gateway/workspace-runtime.ts'
import { asGatewayError, GatewayError } from '../../model/error.ts'
import type { Principal } from '../../model/principal.ts'
import type { WorkspaceDoorContext } from './context.ts'

export interface Admitted {
  principal: Principal
  runtime: WorkspaceRuntime
}

/**
 * Lets a request into a workspace, by its token alone: nothing of its body is read before. Throws what the caller is to
 * be told, the same whether the workspace exists or is not for this token.
 */
export async function admit(
  { authenticator, workspaces, badTokens, publicUrl }: WorkspaceDoorContext,
  slug: string,
  request: IncomingMessage,
): Promise<Admitted> {
  try {
    const admitted = authenticator.authenticate(request.headers.authorization)
    const principal = admitted instanceof Promise ? await admitted : admitted
    const found = workspaces.bySlug(slug)
    const runtime = requireOpen(principal, slug, found instanceof Promise ? await found : found)
    return { principal, runtime }
  } catch (error) {
    throw badTokens.judge(withWayToLogIn(error, slug, request, publicUrl), request)
  }
}

function requireOpen(
  principal: Principal,
  slug: string,
  runtime: WorkspaceRuntime | undefined,
): WorkspaceRuntime {
  const isOpen = runtime !== undefined && may(principal, 'tool.use', runtime.workspace.id)
  if (isOpen) return runtime
  // The same answer whether the workspace exists or not: a token must not find out about others.
  throw new GatewayError('not_found', `There is no workspace "${slug}" that this token opens.`, {
    fix: 'Check the workspace in the URL, or ask its admin for a token.',
  })
}

/** A client that can log in learns where. The name under which it came is one of ours: the front server has judged it. */
function withWayToLogIn(
  thrown: unknown,
  slug: string,
  { headers }: IncomingMessage,
  publicUrl: string | undefined,
): unknown {
  const error = asGatewayError(thrown)
  if (error.code !== 'unauthenticated') return thrown
  const { code, message, cause, fix, refusesToken } = error
  const resourceMetadata = `${publicUrl ?? `http://${headers.host}`}/oauth/resource/ws/${slug}`
  return new GatewayError(code, message, {
    cause,
    ...(fix !== undefined && { fix }),
    refusesToken,
    resourceMetadata,
  })
}

/** The answer is 508 Loop Detected: what stands in front of a gateway does not answer so by itself. */
export const LOOP = 'This workspace would be a server of itself, over other workspaces.'

export function isLoop({ hops }: WorkspaceRuntime, { headers }: IncomingMessage): boolean {
  const came = headers[HOPS_HEADER]
  return came !== undefined && hops.isLoop(String(came))
}
