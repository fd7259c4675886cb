import type { LogRow } from '../../api/shapes.ts'

// What the control plane calls its actions, in words. Those that are not here are shown by their own name.
const DEED: Record<string, string> = {
  setup: 'set up the installation',
  'workspace.create': 'made workspace',
  'workspace.update': 'changed the settings of workspace',
  'workspace.remove': 'removed workspace',
  'server.create': 'added server',
  'server.import': 'imported servers:',
  'server.update': 'changed server',
  'server.remove': 'removed server',
  'server.check': 'checked server',
  'pin.approve': 'approved tools of server',
  'credential.put': 'set the credential of server',
  'credential.remove': 'removed the credential of server',
  'token.create': 'issued token',
  'token.rotate': 'replaced token',
  'token.revoke': 'revoked token',
  'owner-token.create': 'issued owner token',
  'owner-token.rotate': 'replaced owner token',
  'owner-token.revoke': 'revoked owner token',
  'invite.create': 'invited',
  'invite.revoke': 'took back an invitation of',
  'member.revoke': 'ended all access of',
  'member.revoke-everywhere': 'ended all access everywhere of',
  'master-key.rotate': 'replaced the master key',
  'audit.export': 'exported the log',
  'audit.prune': 'pruned rows',
  'call.as-token': 'called a tool as token',
  'login.code': 'logged in on',
  'login.device': 'logged in with a code on',
  'login.invite': 'accepted an invitation on',
  'login.end': 'logged out of',
  'session.open': 'signed in to the dashboard',
  'session.close': 'signed out of the dashboard',
}

/** These say all; what they were done to would only repeat it. */
const ALONE = new Set(['setup', 'master-key.rotate', 'audit.export', 'session.open', 'session.close'])

/** What a person did, to go after their name: "added server jira". */
export function deedWords({
  method,
  server,
  tool,
  shownAs,
}: Pick<LogRow, 'method' | 'server' | 'tool' | 'shownAs'>): string {
  const verb = DEED[method]
  const thing = shownAs ?? tool ?? server
  if (verb === undefined) return thing === null ? method : `${method} ${thing}`
  return thing === null || ALONE.has(method) ? verb : `${verb} ${thing}`
}
