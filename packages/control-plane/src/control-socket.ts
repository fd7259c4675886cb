import { createHash } from 'node:crypto'
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import type { Principal } from './model/principal.ts'

/** Whoever may open the socket's file already owns the data folder. */
export const LOCAL_OPERATOR: Principal = {
  tokenId: 'local',
  member: 'local operator',
  role: 'owner',
  rules: {},
}

/** Linux allows 107 bytes, macOS 103. */
const MAX_PATH = 100

/** Where the running control plane of a data folder listens for commands on the same machine. */
export function controlSocketPath(dataDir: string): string {
  if (process.platform === 'win32') return `\\\\.\\pipe\\mcpgw-${digest(dataDir)}`
  const path = join(dataDir, 'control.sock')
  return path.length <= MAX_PATH ? path : join(tmpdir(), `mcpgw-${digest(dataDir)}.sock`)
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 24)
}

interface AdminFetch {
  fetch(request: Request, bindings: { principal: Principal }): Response | Promise<Response>
}

/** Serves the admin API to the commands on this machine. The file's mode is the only key. */
export async function openControlSocket(dataDir: string, admin: AdminFetch): Promise<Server> {
  const path = controlSocketPath(dataDir)
  // The data folder's lock is ours, so a file that is there was left behind.
  if (process.platform !== 'win32') rmSync(path, { force: true })
  const server = createServer(
    getRequestListener((request) => admin.fetch(request, { principal: LOCAL_OPERATOR })),
  )
  const mask = process.umask(0o177)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, resolve)
    })
  } finally {
    process.umask(mask)
  }
  if (process.platform !== 'win32') chmodSync(path, 0o600)
  return server
}
