/** What one hosted server may use. */
export interface HostedLimits {
  /** Of all its processes together. */
  maxMemoryBytes: number
  /** Threads count too; a program on Node has about 11. Holds in the sandbox, where the server has a user of its own. */
  maxProcesses: number
}

const MAX_OPEN_FILES = 1_024
/** Node reserves 560 MB at its start that it hardly uses, and more for each worker. */
const RESERVED_BYTES = 1024 * 1024 * 1024

/**
 * Beginning of a shell script that limits itself and whatever it then becomes. No file is left by a crash: it would
 * hold the credential. Memory is watched by the gateway, which says so when it ends a server; the limit here is higher,
 * for one process that grows between two looks.
 */
export function limitsAsShell({ maxMemoryBytes, maxProcesses }: HostedLimits, ownUser: boolean): string {
  const dataKiB = Math.ceil((2 * maxMemoryBytes + RESERVED_BYTES) / 1024)
  const limits = ['ulimit -c 0', `ulimit -n ${MAX_OPEN_FILES}`, `ulimit -d ${dataKiB}`]
  // The limit counts all processes of a user: where the user is the operator's, theirs would be counted as well.
  // Shells disagree about the letter.
  if (ownUser) limits.push(`ulimit -u ${maxProcesses} || ulimit -p ${maxProcesses}`)
  // A machine whose own limits are lower keeps them.
  return limits.map((limit) => `{ ${limit}; } 2>/dev/null; `).join('')
}
