import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { isRunning } from '../../../test/servers/is-running.ts'
import {
  type HostedExit,
  type HostedOptions,
  type HostedProcess,
  MAX_QUEUED_BYTES,
  openHostedProcess,
  STDERR_TAIL_BYTES,
} from './hosted-process.ts'
import type { HostedSpec } from './launch.ts'
import { startReaper } from './reaper.ts'

const SERVERS = join(import.meta.dirname, '../../../test/servers')
const folder = mkdtempSync(join(tmpdir(), 'hosted-'))
const running: HostedProcess[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((process) => process.stop()))
})
afterAll(() => rmSync(folder, { recursive: true }))

function open(spec: Partial<HostedSpec>, options: Partial<HostedOptions> = {}) {
  const lines: string[] = []
  const noise: string[] = []
  const exits: HostedExit[] = []
  const exit = Promise.withResolvers<HostedExit>()
  const hosted = openHostedProcess(
    { command: 'node', args: [], env: {}, workingFolder: join(folder, 'work'), label: 'server', ...spec },
    {
      onLine: (line) => lines.push(line),
      onNoise: (line) => noise.push(line),
      onExit: (value) => {
        exits.push(value)
        exit.resolve(value)
      },
    },
    { nodePath: process.execPath, searchPath: '/usr/bin:/bin', ...options },
  )
  running.push(hosted)
  return { hosted, lines, noise, exits, exit: exit.promise }
}

type Opened = ReturnType<typeof open>

function openServer(name: string, spec: Partial<HostedSpec> = {}): Opened {
  return open({ args: [join(SERVERS, `${name}.ts`), ...(spec.args ?? [])], ...spec })
}

function openShell(script: string): Opened {
  return open({ command: 'sh', args: ['-c', script] })
}

function openScript(script: string): Opened {
  return open({ args: ['-e', script] })
}

function request(tool: string, args: object = {}, id = 1): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: tool, arguments: args } })
}

/** Calls a tool and gives what it returned. */
async function call({ hosted, lines }: Opened, tool: string, args: object = {}) {
  const before = lines.length
  expect(hosted.send(request(tool, args))).toBe(true)
  await vi.waitFor(() => expect(lines.length).toBeGreaterThan(before), 5_000)
  return JSON.parse(JSON.parse(lines[before] ?? '').result.content[0].text)
}

async function secondsTaken(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1_000
}

describe('talking to a hosted server', () => {
  it('carries calls and answers', async () => {
    const opened = openServer('crash-mid-call-stdio')
    expect(await call(opened, 'echo', { text: 'grüße 🦀' })).toEqual({ text: 'grüße 🦀' })
  })

  it('carries a large message whose characters are cut by the chunks', async () => {
    const text = 'ä€🦀'.repeat(300_000)
    expect(await call(openServer('crash-mid-call-stdio'), 'echo', { text })).toEqual({ text })
  })

  it('sends a message spread over several lines as one', async () => {
    const { hosted, lines } = open({ command: 'cat' })
    hosted.send('{\r\n  "a": "x\\ny"\n}')
    await vi.waitFor(() => expect(lines).toHaveLength(1))
    expect(JSON.parse(lines[0] ?? '')).toEqual({ a: 'x\ny' })
  })

  it('goes on when the server prints what is no protocol', async () => {
    const opened = openServer('garbage-stdio')
    expect(await call(opened, 'echo', { n: 1 })).toEqual({ n: 1 })
    expect(await call(opened, 'echo', { n: 2 })).toEqual({ n: 2 })
    expect(opened.noise).toContain('Garbage server 1.0 is listening on stdio')
    expect(opened.noise).toHaveLength(5)
    expect(opened.hosted.noiseCount).toBe(5)
  })

  it('reads a last line without an end', async () => {
    const { lines, exit } = openShell(`printf '{"a":1}\\r\\n[2]'`)
    await exit
    expect(lines).toEqual(['{"a":1}', '[2]'])
  })

  it('ends a server that sends a line over 16 MiB, and says why', async () => {
    const { exit, lines } = openScript(
      `process.stdout.write('{"x":"' + 'x'.repeat(17 * 1024 * 1024)); setInterval(() => {}, 1000)`,
    )
    expect(await exit).toMatchObject({
      signal: 'SIGKILL',
      reason: 'It sent a line longer than 16 MiB.',
    })
    expect(lines).toEqual([])
  })

  it('refuses more once 8 MiB wait for a server that does not read', async () => {
    const { hosted } = openShell('exec sleep 30')
    const message = JSON.stringify('x'.repeat(1024 * 1024))
    let sent = 0
    while (sent < 50 && hosted.send(message)) sent += 1
    expect(sent).toBeGreaterThanOrEqual(7)
    expect(sent * message.length).toBeLessThan(MAX_QUEUED_BYTES + 1024 * 1024)
  })

  it('survives a server that closed its input', async () => {
    const { hosted, lines, exit } = openShell(`exec 0<&-; echo '{}'; sleep 0.5`)
    await vi.waitFor(() => expect(lines).toEqual(['{}']))
    hosted.send('{}')
    await vi.waitFor(() => expect(hosted.send('{}')).toBe(false))
    expect(await exit).toMatchObject({ code: 0 })
  })

  it('drains a flood on stderr and keeps the last 64 KiB', async () => {
    const opened = openServer('crash-mid-call-stdio', {
      args: [
        '--import',
        `data:text/javascript,process.stderr.write('x'.repeat(40e6) + 'the end')`,
        join(SERVERS, 'crash-mid-call-stdio.ts'),
      ],
    })
    expect(await call(opened, 'echo', { n: 1 })).toEqual({ n: 1 })
    await vi.waitFor(() => expect(opened.hosted.stderrTail()).toMatch(/xthe end$/), 5_000)
    expect(opened.hosted.stderrTail()).toHaveLength(STDERR_TAIL_BYTES)
  })
})

describe('what a hosted server gets', () => {
  it('is an environment of exactly what was named', async () => {
    const { env, args } = await call(
      openServer('printenv-stdio', {
        args: [join(SERVERS, 'printenv-stdio.ts'), '$HOME', 'a  b; echo', '{{X}}'],
        env: { TOKEN: 'a$PATH`id`' },
      }),
      'printenv',
    )
    expect(args).toEqual(['$HOME', 'a  b; echo', '{{X}}'])
    expect(env).toEqual({
      PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
      HOME: join(folder, 'work/home'),
      TMPDIR: join(folder, 'work/tmp'),
      LANG: 'C.UTF-8',
      TOKEN: 'a$PATH`id`',
    })
  })

  it('is its own working folder', async () => {
    const workingFolder = join(folder, 'of-its-own')
    expect(await call(openServer('printenv-stdio', { workingFolder }), 'printenv')).toMatchObject({
      folder: workingFolder,
    })
  })
})

describe('a server that cannot be started', () => {
  it('is an error that says what to do and shows no argument', () => {
    const script = join(folder, 'no-interpreter')
    writeFileSync(script, '#!/no/such/interpreter\n', { mode: 0o755 })
    const start = () => open({ command: script, args: ['--key=hunter2'], label: 'github' })
    expect(start).toThrow(
      expect.objectContaining({
        code: 'upstream_unavailable',
        message: '"github" could not be started.',
        fix: expect.stringContaining('interpreter'),
        cause: undefined,
      }),
    )
  })

  it('is an error when its arguments are too long', () => {
    expect(() => open({ args: ['x'.repeat(4_000_000)] })).toThrow('could not be started')
  })
})

describe('the end of a hosted server', { timeout: 20_000 }, () => {
  it('is told at once when it crashes in the middle of a call', async () => {
    const { hosted, exit, exits } = openServer('crash-mid-call-stdio')
    hosted.send(request('crash'))
    expect(await exit).toEqual({ code: 3, stderrTail: 'fatal: crashed in the middle of a call\n' })
    expect(hosted.exited).toBe(true)
    expect(hosted.send('{}')).toBe(false)
    await hosted.stop()
    expect(exits).toHaveLength(1)
  })

  it('brings the answers written before it', async () => {
    const { lines, exit } = openScript(
      `process.stdout.write(('{"n":"' + 'x'.repeat(99_000) + '"}\\n').repeat(100), () => process.exit(1))`,
    )
    expect(await exit).toMatchObject({ code: 1 })
    expect(lines).toHaveLength(100)
  })

  it('names the signal that caused it', async () => {
    const { hosted, exit } = openServer('silent-stdio')
    process.kill(hosted.pid, 'SIGSEGV')
    expect(await exit).toMatchObject({ signal: 'SIGSEGV' })
  })

  it('comes gently to a server that ends with its input', async () => {
    const { hosted, exits } = openServer('silent-stdio')
    await Promise.all([hosted.stop(), hosted.stop()])
    expect(exits).toEqual([{ code: 0, stderrTail: '' }])
    expect(isRunning(hosted.pid)).toBe(false)
  })

  it('comes within 5 s to a server and its grandchild that ignore everything', async () => {
    const opened = openServer('stubborn-stdio')
    const { own, grandchild } = await call(opened, 'pids')
    expect(own).toBe(opened.hosted.pid)
    expect(await secondsTaken(() => opened.hosted.stop())).toBeLessThan(5)
    expect([own, grandchild].filter(isRunning)).toEqual([])
    expect(opened.exits).toMatchObject([{ signal: 'SIGKILL' }])
  })

  it('takes its grandchildren along when it ends by itself, and is told without waiting for them', async () => {
    const opened = openServer('stubborn-stdio')
    const { own, grandchild } = await call(opened, 'pids')
    process.kill(own, 'SIGKILL')
    expect(await secondsTaken(() => opened.exit)).toBeLessThan(1)
    await vi.waitFor(() => expect(isRunning(grandchild)).toBe(false), 5_000)
  })

  it('comes to a server that closed its output', async () => {
    const { exit } = openShell('exec 1>&-; exec sleep 30')
    expect(await exit).toMatchObject({ signal: 'SIGTERM' })
  })

  it.skipIf(process.platform !== 'linux')(
    'leaves no process and no open file, a hundred times over (/proc is of Linux)',
    async () => {
      await using reaper = startReaper()
      const cycle = async () => {
        const opened = open({ command: 'cat' }, { reaper })
        opened.hosted.send('{}')
        await vi.waitFor(() => expect(opened.lines).toEqual(['{}']), { interval: 2 })
        await opened.hosted.stop()
        return opened.hosted.pid
      }
      await cycle()
      const before = openFiles()
      const pids: number[] = []
      for (let count = 0; count < 100; count += 1) pids.push(await cycle())
      expect(pids.filter(isRunning)).toEqual([])
      expect(childrenOfThisProcess().filter((pid) => pids.includes(pid))).toEqual([])
      expect(openFiles()).toBe(before)
    },
  )
})

function openFiles(): number {
  return readdirSync('/proc/self/fd').length
}

/** Zombies too. */
function childrenOfThisProcess(): number[] {
  return readFileSync('/proc/thread-self/children', 'utf8').trim().split(' ').map(Number)
}
