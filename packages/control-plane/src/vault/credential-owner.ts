import type { Server } from '../model/server.ts'

/** The server a credential belongs to: a credential moved to another one does not open. */
export type CredentialOwner = Pick<Server, 'id' | 'workspaceId'>
