import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { type HostedExit, openHostedProcess } from '../../src/upstream/hosted/hosted-process.ts'
import { startReaper } from '../../src/upstream/hosted/reaper.ts'
import { findContainment } from '../../src/upstream/hosted/sandbox.ts'
import { isFull } from '../full-counts.ts'
import { isRunning } from '../servers/is-running.ts'

const CRASHES = isFull ? { none: 1_000, bwrap: 100 } : { none: 200, bwrap: 40 }
const AT_ONCE = 20
/** How many crashes to one that leaves a grandchild: its end takes as long as the machine's init takes to notice. */
const CRASHES_TO_A_GRANDCHILD = 100

const folder = mkdtempSync(join(tmpdir(), 'hosted-crashes-'))
afterAll(() => rmSync(folder, { recursive: true }))

const MIB = 1024 * 1024
const found = await findContainment({
  nodePath: process.execPath,
  searchPath: process.env.PATH ?? '',
  dataDir: join(folder, 'data'),
  hiddenFiles: [],
  egressSocket: '',
  limits: { maxMemoryBytes: 256 * MIB, maxProcesses: 64 },
})
const canLook = process.platform === 'linux'

const ENDS = ['exit 7', 'kill -SEGV $$', 'kill -KILL $$']

function scriptOf(count: number): string {
  return `${count % CRASHES_TO_A_GRANDCHILD === 0 ? 'sleep 30 & ' : ''}${ENDS[count % ENDS.length]}`
}

// The restart policy lets a server crash a few times a minute, so this drives what lies under it.
it.skipIf(!canLook).each([
  ['without a sandbox', 'none'],
  ['in a sandbox', 'bwrap'],
] as const)(
  '[R16] leaves no process and no open file behind, however often a server crashes %s (found through /proc)',
  async (_, kind) => {
    // Where there is no sandbox, the second is the first once more.
    const contain = kind === 'bwrap' ? found.contain : undefined
    await using reaper = startReaper()
    const pids: number[] = []

    async function crash(count: number): Promise<void> {
      const exit = Promise.withResolvers<HostedExit>()
      const hosted = openHostedProcess(
        {
          command: '/bin/sh',
          args: ['-c', scriptOf(count)],
          env: {},
          workingFolder: join(folder, kind),
          label: 'crash',
          network: contain === undefined ? 'open' : 'none',
        },
        { onLine() {}, onNoise() {}, onExit: exit.resolve },
        { nodePath: process.execPath, searchPath: '/usr/bin:/bin', reaper, ...(contain && { contain }) },
      )
      pids.push(hosted.pid)
      const { code, signal } = await exit.promise
      expect(code ?? signal).toBe([7, 'SIGSEGV', 'SIGKILL'][count % ENDS.length])
      await hosted.stop()
    }

    async function crashes(first: number, last: number): Promise<void> {
      for (let count = first; count < last; count += AT_ONCE)
        await Promise.all(Array.from({ length: AT_ONCE }, (_none, more) => crash(count + more)))
    }

    await crashes(0, AT_ONCE)
    const before = readdirSync('/proc/self/fd').length
    await crashes(AT_ONCE, CRASHES[kind])
    expect(pids).toHaveLength(CRASHES[kind])
    expect(pids.filter(isRunning)).toEqual([])
    const children = readFileSync('/proc/thread-self/children', 'utf8').trim().split(' ').map(Number)
    expect(children.filter((pid) => pids.includes(pid))).toEqual([])
    expect(readdirSync('/proc').filter((pid) => worksIn(pid, folder))).toEqual([])
    expect(readdirSync('/proc/self/fd').length).toBe(before)
  },
)

function worksIn(pid: string, where: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(where)
  } catch {
    return false
  }
}
