import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { isRunning } from '../../../test/servers/is-running.ts'
import { endGroup } from './process-group.ts'

/** `said` is the first line of the script. */
async function startGroup(script: string) {
  const child = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(child, 'exit')
  const [said] = await once(child.stdout, 'data')
  return { group: child.pid ?? 0, ended, said: String(said).trim() }
}

async function msToEnd(group: number): Promise<number> {
  const begun = performance.now()
  await endGroup(group)
  return performance.now() - begun
}

// Windows has no groups.
describe.skipIf(process.platform === 'win32')('the end of a process group', () => {
  it('does not wait for what has ended and was not reaped', async () => {
    // The one that takes the shell's place knows nothing of the child, which ends and stays as it is.
    const { group, ended, said } = await startGroup('sleep 0.05 & echo $!; exec sleep 60')
    await expect.poll(() => isRunning(Number(said)), { interval: 10 }).toBe(false)
    expect(await msToEnd(group)).toBeLessThan(700)
    await ended
  })

  it('waits for what takes its time to end, and kills what does not end at all', async () => {
    const slow = await startGroup('trap "sleep 0.5; exit 0" TERM; echo ready; while :; do sleep 0.05; done')
    expect(await msToEnd(slow.group)).toBeGreaterThan(400)
    const stubborn = await startGroup('trap "" TERM; echo ready; while :; do sleep 0.05; done')
    expect(await msToEnd(stubborn.group)).toBeGreaterThan(1_900)
    expect(await slow.ended).toEqual([0, null])
    expect(await stubborn.ended).toEqual([null, 'SIGKILL'])
  })
})
