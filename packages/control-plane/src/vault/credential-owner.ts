import type { Server } from '../model/server.ts'

/** The server a credential belongs to, and where it is: moved to another one, or led elsewhere, it does not open. */
export type CredentialOwner = Pick<Server, 'id' | 'workspaceId' | 'target'>

/**
 * What a credential is sealed for. Whoever can write the database could otherwise have it sent to an address, or
 * handed to a command, of their own. Headers, transport, network, operations and the version of a package may change: they
 * do not say who gets it.
 */
export function destinationOf({ target }: CredentialOwner): string {
  const place = target.kind === 'hosted' ? [target.command, target.args, target.env] : [target.url]
  return JSON.stringify([target.kind, ...place, ...packageOf(target)])
}

function packageOf(target: CredentialOwner['target']): string[] {
  if (target.kind !== 'hosted' || target.package === undefined) return []
  return [target.package.registryType, target.package.identifier]
}
