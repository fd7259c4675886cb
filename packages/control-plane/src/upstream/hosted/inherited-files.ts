import { closeSync, readdirSync, readFileSync } from 'node:fs'

const STANDARD_STREAMS = 3
/** In Linux's own octal notation, which is that of `/proc/self/fdinfo`. */
const CLOSE_ON_EXEC = 0o2000000

/**
 * Closes files the gateway was started with and did not ask for, so that no hosted process gets them: a wrapper
 * script's lock, or the pipe behind `MCPGW_MASTER_KEY_FILE=/dev/fd/63`. Node keeps back only the lowest numbers.
 * Everything Node and the gateway open themselves is marked to be closed on exec, and is left alone.
 *
 * Call it once, when the configuration has been read and before anything is hosted. Only Linux needs it.
 */
export function closeInheritedFiles() {
  if (process.platform !== 'linux') return
  const numbers = readdirSync('/proc/self/fd').map(Number)
  for (const number of numbers) {
    if (number >= STANDARD_STREAMS && isInheritable(number)) closeSync(number)
  }
}

function isInheritable(number: number): boolean {
  const flags = flagsOf(number)
  return flags !== undefined && (flags & CLOSE_ON_EXEC) === 0
}

function flagsOf(number: number): number | undefined {
  try {
    const octal = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${number}`, 'utf8'))?.[1]
    return octal === undefined ? undefined : Number.parseInt(octal, 8)
  } catch {
    return undefined // It was the one that was listing the folder.
  }
}
