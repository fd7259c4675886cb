import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'

const CPU = { target: '0', others: '1' } as const
type Place = keyof typeof CPU

export const isPinned =
  availableParallelism() > 1 &&
  Object.values(CPU).every((cpu) => spawnSync('taskset', ['-c', cpu, 'true']).status === 0)

const running: ChildProcess[] = []

/** The command that runs a file with this Node, on the CPU of the one who is measured or on the other. */
export function nodeCommand(place: Place, file: string, args: string[]): [string, string[]] {
  // As `npm start` starts the control plane; the proxies get the same.
  const flags = place === 'target' ? ['--max-semi-space-size=2'] : []
  const command = [process.execPath, ...flags, new URL(file, import.meta.url).pathname, ...args]
  const [first = '', ...rest] = isPinned ? ['taskset', '-c', CPU[place], ...command] : command
  return [first, rest]
}

/** Starts a file of ours. When it ends by itself, so does the whole run: what is left would measure nothing. */
export function start(place: Place, file: string, args: string[], env = {}): ChildProcess {
  const child = spawn(...nodeCommand(place, file, args), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // JSON knows no NaN.
    serialization: 'advanced',
    env: { ...process.env, ...env },
  })
  child.once('exit', (code) => {
    if (!running.includes(child)) return
    process.stderr.write(`${file} ended with ${code}.\n`)
    process.exit(1)
  })
  running.push(child)
  return child
}

/** Closing the channel is the signal: it reaches the children also when this process is killed. */
export async function endAll(): Promise<void> {
  const children = running.splice(0)
  for (const child of children) child.disconnect()
  await Promise.all(children.map((child) => once(child, 'exit')))
}
