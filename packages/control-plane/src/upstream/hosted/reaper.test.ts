import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { isRunning } from '../../../test/servers/is-running.ts'
import { startReaper } from './reaper.ts'

const PARENT = join(import.meta.dirname, '../../../test/servers/hosting-parent.ts')
const folder = mkdtempSync(join(tmpdir(), 'reaper-'))
const started: ChildProcess[] = []

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Starts a stand-in for the gateway that hosts three servers; gives all their process ids. */
async function startParent(stdio: (number | 'ignore')[] = []) {
  const parent = spawn(process.execPath, [PARENT, folder], { stdio: ['ignore', 'pipe', 'inherit', ...stdio] })
  started.push(parent)
  if (parent.stdout === null) throw new Error('A pipe was asked for.')
  const [line] = await once(createInterface(parent.stdout), 'line')
  const pids: Record<'silent' | 'sleeper' | 'stubborn' | 'grandchild', number> = JSON.parse(line)
  return { parent, pids, all: Object.values(pids) }
}

function startSleeper(): ChildProcess {
  const sleeper = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
  started.push(sleeper)
  return sleeper
}

describe.skipIf(process.platform === 'win32')(
  'the end of the gateway (Windows has no process groups)',
  () => {
    it('takes all hosted servers along within 5 s, however it is killed', async () => {
      const { parent, all } = await startParent()
      expect(all.filter(isRunning)).toHaveLength(4)
      parent.kill('SIGKILL')
      await vi.waitFor(() => expect(all.filter(isRunning)).toEqual([]), { timeout: 5_000, interval: 50 })
    })

    it('takes them along when the gateway simply exits', async () => {
      const { parent, all } = await startParent()
      parent.kill('SIGTERM')
      await vi.waitFor(() => expect(all.filter(isRunning)).toEqual([]), { timeout: 5_000, interval: 50 })
    })
  },
)

describe.skipIf(process.platform !== 'linux')(
  'files the gateway was started with (/proc is of Linux)',
  () => {
    it('do not reach the servers it hosts, whatever their number', async () => {
      const secret = openSync(join(folder, 'secret'), 'w')
      const upToForty = Array<'ignore'>(36).fill('ignore')
      const { parent, pids } = await startParent([secret, ...upToForty, secret])
      closeSync(secret)
      expect(openFiles(parent.pid)).toContain(join(folder, 'secret'))
      expect(openFiles(pids.silent)).not.toContain(join(folder, 'secret'))
      expect(readdirSync(`/proc/${pids.sleeper}/fd`)).toEqual(['0', '1', '2'])
    })
  },
)

describe.skipIf(process.platform === 'win32')('the reaper (there is none on Windows)', () => {
  it('ends what is listed when it is disposed, and spares what was removed', async () => {
    const [listed, removed] = [startSleeper(), startSleeper()]
    const ended = once(listed, 'exit')
    const reaper = startReaper()
    for (const { pid } of [listed, removed]) reaper.add(pid ?? 0)
    reaper.remove(removed.pid ?? 0)
    await reaper[Symbol.asyncDispose]()
    expect(await ended).toEqual([null, 'SIGTERM'])
    expect(isRunning(removed.pid ?? 0)).toBe(true)
  })

  it('starts nothing while nothing is listed', async () => {
    const before = shellsOfThisProcess()
    await using reaper = startReaper()
    reaper.remove(123)
    expect(shellsOfThisProcess()).toEqual(before)
  })

  it.skipIf(process.platform !== 'linux')('comes back when it was killed (found through /proc)', async () => {
    const sleeper = startSleeper()
    const ended = once(sleeper, 'exit')
    await using reaper = startReaper()
    reaper.add(sleeper.pid ?? 0)
    const [shell = 0] = shellsOfThisProcess()
    process.kill(shell, 'SIGKILL')
    await vi.waitFor(
      () => expect(shellsOfThisProcess().filter((pid) => pid !== shell)).toHaveLength(1),
      3_000,
    )
    await reaper[Symbol.asyncDispose]()
    expect(await ended).toEqual([null, 'SIGTERM'])
  })

  it.skipIf(process.platform !== 'linux')(
    "knows nothing of the gateway's environment (/proc is of Linux)",
    async () => {
      const sleeper = startSleeper()
      await using reaper = startReaper()
      reaper.add(sleeper.pid ?? 0)
      const [shell] = shellsOfThisProcess()
      expect(readFileSync(`/proc/${shell}/environ`, 'utf8')).toBe('PATH=/usr/bin:/bin\0')
    },
  )
})

function openFiles(pid = 0): string[] {
  return readdirSync(`/proc/${pid}/fd`).map((number) => readlinkSync(`/proc/${pid}/fd/${number}`))
}

function shellsOfThisProcess(): number[] {
  const children = readFileSync('/proc/thread-self/children', 'utf8').trim().split(' ').map(Number)
  return children.filter(
    (pid) => pid > 0 && readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('/bin/sh\0'),
  )
}
