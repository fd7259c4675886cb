import { readFileSync } from 'node:fs'

/** The database, the log, sockets to servers and the pipes of hosted ones come out of the rest. */
const SHARE_OF_CLIENTS = 0.5

/** At most so many connections of clients, and never so many that no file is left for the work itself. */
export function affordableConnections(wanted: number): number {
  const files = openFilesLimit()
  return files === undefined ? wanted : Math.min(wanted, Math.floor(files * SHARE_OF_CLIENTS))
}

/** How many files this process may have open; undefined where the system does not say. */
function openFilesLimit(): number | undefined {
  try {
    const [, files] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return files === undefined ? undefined : Number(files)
  } catch {
    return undefined
  }
}
