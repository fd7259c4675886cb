import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** The processes that work in the hosted servers' folders of a data folder, whoever started them. Linux only. */
export function hostedProcesses(dataDir: string): number[] {
  const folder = join(dataDir, 'hosted')
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && worksIn(pid, folder))
}

/** Of these the servers, without what a sandbox adds: a server was told of a home. */
export function serverProcesses(dataDir: string): number[] {
  return hostedProcesses(dataDir).filter((pid) => variableOf(pid, 'HOME') !== undefined)
}

export const canLookAtProcesses = existsSync('/proc/self/cwd')

function worksIn(pid: number, folder: string): boolean {
  try {
    // A process that has ended and waits to be reaped has no folder any more.
    return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder)
  } catch {
    return false
  }
}

/** One variable of a process's environment as it was started. */
export function variableOf(pid: number, name: string): string | undefined {
  const entries = environmentOf(pid).split('\0')
  return entries.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1)
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8')
  } catch {
    return '' // It has ended meanwhile.
  }
}
