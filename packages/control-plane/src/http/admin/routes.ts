import {
  checkpointAudit,
  checkpointInstallationAudit,
  compareAudit,
  compareInstallationAudit,
  showCheckpointKey,
  verifyAudit,
  verifyInstallationAudit,
} from '../../manage/audit-evidence.ts'
import {
  exportAudit,
  listAudit,
  listInstallationAudit,
  showAuditRow,
  tailAudit,
} from '../../manage/audit-log.ts'
import { callTool } from '../../manage/calls.ts'
import { searchCatalog, showCatalogEntry } from '../../manage/catalog.ts'
import {
  listCatalogs,
  putCatalog,
  putCatalogRules,
  refreshCatalog,
  removeCatalog,
  showCatalog,
  showCatalogRules,
} from '../../manage/catalogs.ts'
import { listClients } from '../../manage/clients.ts'
import { putCredential, removeCredential, showCredential } from '../../manage/credentials.ts'
import { createInvite, listInvites, revokeInvite } from '../../manage/invites.ts'
import { rotateMasterKey, showMasterKey } from '../../manage/master-key.ts'
import { listAllMembers, listMembers, revokeMember, revokeMemberEverywhere } from '../../manage/members.ts'
import type { Operation } from '../../manage/operation.ts'
import { approvePins, listPins } from '../../manage/pins.ts'
import { previewApi } from '../../manage/preview-api.ts'
import { previewServerJson } from '../../manage/preview-server-json.ts'
import { importServers } from '../../manage/server-imports.ts'
import { startServerLogin } from '../../manage/server-logins.ts'
import { applyServerUpdate, showServerUpdate } from '../../manage/server-update.ts'
import {
  changeServer,
  checkServer,
  createServer,
  listServers,
  removeServer,
  showServer,
} from '../../manage/servers.ts'
import { showStats } from '../../manage/stats.ts'
import { showSystem } from '../../manage/system.ts'
import {
  createOwnerToken,
  createToken,
  listOwnerTokens,
  listTokens,
  revokeOwnerToken,
  revokeToken,
  rotateOwnerToken,
  rotateToken,
} from '../../manage/tokens.ts'
import { listServerTools, listTools } from '../../manage/tools.ts'
import { whoami } from '../../manage/whoami.ts'
import {
  changeWorkspace,
  createWorkspace,
  listWorkspaces,
  removeWorkspace,
  showWorkspace,
} from '../../manage/workspaces.ts'

/** How an answer goes out: as JSON with 200 or 201, as 204, as a file, or as server-sent events. */
export type Sends = 'json' | 'created' | 'nothing' | 'file' | 'events'

export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below the base path. `:workspace` is a slug, `:server` a name, `:token`, `:invite` and `:entry` ids, `:catalog` a name, `:seq` a number. */
  path: string
  operation: Operation
  sends: Sends
  /** How large a body may be, where it is more than a few settings. */
  maxBodyBytes?: number
  /** It may take long, so it ends with the request or the caller's token. */
  cancellable?: true
}

export const BASE_PATH = '/api/v1'

/** The one path that needs no token: it describes the others. */
export const DESCRIPTION_PATH = '/openapi.json'

/** A document of 4 MiB as a text within JSON, in which every line end and quote takes twice its room. */
const DOCUMENT_BYTES = 8 * 1024 * 1024

const WORKSPACE = '/workspaces/:workspace'
const SERVER = `${WORKSPACE}/servers/:server`
const TOKEN = `${WORKSPACE}/tokens/:token`
const CATALOG = '/catalogs/:catalog'
const INVITE = `${WORKSPACE}/invites/:invite`

/** Every route there is. Serving, the description for machines and the tests of permissions all read this. */
export const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/whoami', operation: whoami, sends: 'json' },

  { method: 'POST', path: '/workspaces', operation: createWorkspace, sends: 'created' },
  { method: 'GET', path: '/workspaces', operation: listWorkspaces, sends: 'json' },
  { method: 'GET', path: WORKSPACE, operation: showWorkspace, sends: 'json' },
  { method: 'PATCH', path: WORKSPACE, operation: changeWorkspace, sends: 'json' },
  { method: 'DELETE', path: WORKSPACE, operation: removeWorkspace, sends: 'nothing' },

  {
    method: 'POST',
    path: `${WORKSPACE}/servers`,
    operation: createServer,
    sends: 'created',
    maxBodyBytes: DOCUMENT_BYTES,
  },
  {
    method: 'POST',
    path: `${WORKSPACE}/servers/openapi-preview`,
    operation: previewApi,
    sends: 'json',
    maxBodyBytes: DOCUMENT_BYTES,
  },
  {
    method: 'POST',
    path: `${WORKSPACE}/servers/server-json-preview`,
    operation: previewServerJson,
    sends: 'json',
  },
  { method: 'GET', path: `${WORKSPACE}/servers`, operation: listServers, sends: 'json' },
  { method: 'POST', path: `${WORKSPACE}/servers/import`, operation: importServers, sends: 'json' },
  { method: 'GET', path: SERVER, operation: showServer, sends: 'json' },
  { method: 'PATCH', path: SERVER, operation: changeServer, sends: 'json' },
  { method: 'DELETE', path: SERVER, operation: removeServer, sends: 'nothing' },
  { method: 'POST', path: `${SERVER}/check`, operation: checkServer, sends: 'json' },
  { method: 'GET', path: `${SERVER}/update`, operation: showServerUpdate, sends: 'json', cancellable: true },
  { method: 'POST', path: `${SERVER}/update`, operation: applyServerUpdate, sends: 'json' },
  { method: 'POST', path: `${SERVER}/login`, operation: startServerLogin, sends: 'json' },
  { method: 'GET', path: `${SERVER}/pins`, operation: listPins, sends: 'json' },
  { method: 'POST', path: `${SERVER}/pins/approve`, operation: approvePins, sends: 'json' },
  { method: 'PUT', path: `${SERVER}/credential`, operation: putCredential, sends: 'json' },
  { method: 'GET', path: `${SERVER}/credential`, operation: showCredential, sends: 'json' },
  { method: 'DELETE', path: `${SERVER}/credential`, operation: removeCredential, sends: 'nothing' },

  { method: 'GET', path: `${SERVER}/tools`, operation: listServerTools, sends: 'json' },

  { method: 'GET', path: `${WORKSPACE}/tools`, operation: listTools, sends: 'json' },
  { method: 'POST', path: `${WORKSPACE}/calls`, operation: callTool, sends: 'json', cancellable: true },
  { method: 'GET', path: `${WORKSPACE}/clients`, operation: listClients, sends: 'json' },

  { method: 'POST', path: `${WORKSPACE}/tokens`, operation: createToken, sends: 'created' },
  { method: 'GET', path: `${WORKSPACE}/tokens`, operation: listTokens, sends: 'json' },
  { method: 'POST', path: `${TOKEN}/rotate`, operation: rotateToken, sends: 'created' },
  { method: 'DELETE', path: TOKEN, operation: revokeToken, sends: 'nothing' },

  { method: 'GET', path: `${WORKSPACE}/members`, operation: listMembers, sends: 'json' },
  { method: 'POST', path: `${WORKSPACE}/members/revoke`, operation: revokeMember, sends: 'json' },

  { method: 'POST', path: `${WORKSPACE}/invites`, operation: createInvite, sends: 'created' },
  { method: 'GET', path: `${WORKSPACE}/invites`, operation: listInvites, sends: 'json' },
  { method: 'DELETE', path: INVITE, operation: revokeInvite, sends: 'nothing' },

  { method: 'POST', path: '/tokens', operation: createOwnerToken, sends: 'created' },
  { method: 'GET', path: '/tokens', operation: listOwnerTokens, sends: 'json' },
  { method: 'POST', path: '/tokens/:token/rotate', operation: rotateOwnerToken, sends: 'created' },
  { method: 'DELETE', path: '/tokens/:token', operation: revokeOwnerToken, sends: 'nothing' },

  { method: 'GET', path: '/members', operation: listAllMembers, sends: 'json' },
  { method: 'POST', path: '/members/revoke', operation: revokeMemberEverywhere, sends: 'json' },

  { method: 'GET', path: '/catalog', operation: searchCatalog, sends: 'json' },
  { method: 'GET', path: '/catalog/:entry', operation: showCatalogEntry, sends: 'json' },
  { method: 'GET', path: '/catalogs', operation: listCatalogs, sends: 'json' },
  { method: 'GET', path: CATALOG, operation: showCatalog, sends: 'json' },
  { method: 'PUT', path: CATALOG, operation: putCatalog, sends: 'json' },
  { method: 'DELETE', path: CATALOG, operation: removeCatalog, sends: 'nothing' },
  { method: 'POST', path: `${CATALOG}/refresh`, operation: refreshCatalog, sends: 'json' },
  { method: 'GET', path: '/catalog-rules', operation: showCatalogRules, sends: 'json' },
  { method: 'PUT', path: '/catalog-rules', operation: putCatalogRules, sends: 'json' },

  { method: 'GET', path: '/system', operation: showSystem, sends: 'json' },

  { method: 'GET', path: `${WORKSPACE}/audit`, operation: listAudit, sends: 'json' },
  { method: 'GET', path: `${WORKSPACE}/audit/tail`, operation: tailAudit, sends: 'events' },
  { method: 'GET', path: `${WORKSPACE}/audit/verify`, operation: verifyAudit, sends: 'json' },
  { method: 'GET', path: `${WORKSPACE}/audit/export`, operation: exportAudit, sends: 'file' },
  { method: 'POST', path: `${WORKSPACE}/audit/verify`, operation: compareAudit, sends: 'json' },
  { method: 'GET', path: `${WORKSPACE}/audit/checkpoint`, operation: checkpointAudit, sends: 'json' },
  // Behind the others: they are no numbers.
  { method: 'GET', path: `${WORKSPACE}/audit/:seq`, operation: showAuditRow, sends: 'json' },

  { method: 'GET', path: `${WORKSPACE}/stats`, operation: showStats, sends: 'json' },

  { method: 'GET', path: '/master-key', operation: showMasterKey, sends: 'json' },
  { method: 'POST', path: '/master-key/rotate', operation: rotateMasterKey, sends: 'json' },

  { method: 'GET', path: '/audit', operation: listInstallationAudit, sends: 'json' },
  { method: 'GET', path: '/audit/verify', operation: verifyInstallationAudit, sends: 'json' },
  { method: 'POST', path: '/audit/verify', operation: compareInstallationAudit, sends: 'json' },
  { method: 'GET', path: '/audit/checkpoint', operation: checkpointInstallationAudit, sends: 'json' },
  { method: 'GET', path: '/audit/checkpoint-key', operation: showCheckpointKey, sends: 'json' },
]
