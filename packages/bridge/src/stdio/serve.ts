import type { Readable, Writable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import type { Access } from '../credentials/access.ts'
import { readLines } from './lines.ts'
import { createOutlet } from './outlet.ts'
import { createRelay } from './relay.ts'

const graceMs = 700
const goodbyeMs = 300

export interface Surroundings {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  /** What people type to reach this copy of the bridge. */
  readonly command: string
  /** Calls back on SIGTERM and its kind, and when the program that started this one is gone. */
  readonly onToldToEnd: (listener: () => void) => void
}

/** Runs the bridge. Resolves, within 2 s, once the client has gone away by whatever way. */
export async function serveStdio(
  access: Access,
  { stdin, stdout, stderr, command, onToldToEnd }: Surroundings,
): Promise<void> {
  const outlet = createOutlet(stdout, stderr, command)
  const relay = createRelay({ access, outlet, random: Math.random, now: Date.now })
  const gone = new Promise<'input ended' | 'at once'>((resolve) => {
    stdin.on('end', () => resolve('input ended'))
    stdin.on('close', () => resolve('input ended'))
    stdin.on('error', () => resolve('at once'))
    stdout.on('error', () => resolve('at once'))
    stderr.on('error', () => undefined)
    onToldToEnd(() => resolve('at once'))
  })
  readLines(stdin, relay.receive)
  // A script that pipes its questions in and closes the pipe still wants the answers.
  if ((await gone) === 'input ended') await Promise.race([relay.settled(), wait(graceMs)])
  await relay.close(goodbyeMs)
}
