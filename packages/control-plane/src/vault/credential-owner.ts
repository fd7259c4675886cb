import type { Server } from '../model/server.ts'

/** The server a credential belongs to, and where it is: moved to another one, or led elsewhere, it does not open. */
export type CredentialOwner = Pick<Server, 'id' | 'workspaceId' | 'target'>

/**
 * What a credential is sealed for. Whoever can write the database could otherwise have it sent to an address, or
 * handed to a command, of their own. Headers, transport, network and operations may change: they do not say who gets it.
 */
export function destinationOf({ target }: CredentialOwner): string {
  if (target.kind !== 'hosted') return JSON.stringify([target.kind, target.url])
  const { kind, command, args, env, package: part } = target
  return JSON.stringify([kind, command, args, env, ...(part === undefined ? [] : [part])])
}
