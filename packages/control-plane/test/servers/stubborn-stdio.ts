/**
 * Stays when its input ends and when it gets SIGTERM, and has a grandchild that does the same and holds its output
 * open. Tools: `echo`, and `pids`, which gives its own process id and the grandchild's.
 */
import { spawn } from 'node:child_process'
import { serveLegacyStdio } from './legacy-stdio.ts'

// A failing test must not leave these behind for ever.
const LONGEST_LIFE_MS = 60_000
const SLEEPER = `process.on('SIGTERM', () => {}); setTimeout(() => {}, ${LONGEST_LIFE_MS})`

process.on('SIGTERM', () => {})
setTimeout(() => process.exit(), LONGEST_LIFE_MS)
const sleeper = spawn(process.execPath, ['-e', SLEEPER], { stdio: ['ignore', 'inherit', 'inherit'] })

serveLegacyStdio({
  name: 'stubborn',
  tools: { echo: (args) => args, pids: () => ({ own: process.pid, grandchild: sleeper.pid }) },
})
