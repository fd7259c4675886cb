import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Place, runBridge, startBridge, startOnTerminal } from './run-bridge.ts'
import { openTeamWorkspace, type TeamWorkspace } from './team-workspace.ts'

const open = new AsyncDisposableStack()
let team: TeamWorkspace
let folder: string

beforeAll(async () => {
  team = open.use(await openTeamWorkspace())
  folder = await mkdtemp(join(tmpdir(), 'mcpgw-call-'))
  open.defer(() => rm(folder, { recursive: true, force: true }))
})

afterAll(() => open.disposeAsync())

const call = (...args: string[]) => runBridge(['call', ...args], team)

describe('a call from the shell', () => {
  it('prints the text of the result and nothing else on stdout', async () => {
    expect(await call('everything__echo', 'message=Hello, you')).toEqual({
      code: 0,
      stdout: 'Echo: Hello, you\n',
      stderr: '',
    })
  })

  it('takes arguments as JSON, from a file and from stdin', async () => {
    const file = join(folder, 'arguments.json')
    await writeFile(file, '{"message": "from a file"}\n')
    expect((await call('everything__echo', '--args', '{"message":"json"}')).stdout).toBe('Echo: json\n')
    expect((await call('everything__echo', '--args', `@${file}`)).stdout).toBe('Echo: from a file\n')
    const piped = await runBridge(['call', 'everything__echo', '--args', '-'], team, '{"message":"piped"}')
    expect(piped.stdout).toBe('Echo: piped\n')
  })

  it('sends words as the kinds of values that the tool wants, with every digit', async () => {
    const words = ['count=9007199254740993', 'exact=true', 'label=007', 'tags:=["a", "b"]', 'level=low']
    expect((await call('odd__typed', ...words)).stdout).toBe(
      '{"count":9007199254740993,"exact":true,"label":"007","tags":["a","b"],"level":"low"}\n',
    )
  })

  it('prints structured content as JSON, once, with every digit of a server that wrote it as text too', async () => {
    expect((await call('odd__structured')).stdout).toBe('{"total":2,"id":9007199254740993}\n')
    const alone = await call('odd__structured-alone')
    expect(alone.stdout).toBe('Counted.\n{\n  "total": 2\n}\n')
    const weather = await call('everything__get-structured-content', 'location=Chicago')
    expect(JSON.parse(weather.stdout)).toMatchObject({ temperature: expect.any(Number) })
  })

  it('prints the whole result with --json', async () => {
    const { stdout } = await call('everything__echo', 'message=Hi', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ content: [{ type: 'text', text: 'Echo: Hi' }] })
  })

  it('loses nothing of a long result in a pipe', async () => {
    const { stdout } = await call('odd__long')
    expect(stdout.length).toBe(1_000_001)
  })

  it('writes an image to the file it is told, and otherwise says what came', async () => {
    const file = join(folder, 'tiny.png')
    const told = await call('everything__get-tiny-image')
    expect(told.stderr).toMatch(
      /It gave an image \(image\/png, [\d,]+ bytes\)\. To keep it, add --out FILE\./,
    )
    const kept = await call('everything__get-tiny-image', '--out', file)
    expect(kept.code).toBe(0)
    expect(kept.stderr).toContain(`now in ${file}.`)
    expect((await readFile(file)).subarray(1, 4).toString()).toBe('PNG')
  })

  it('numbers the files of one result, and names what it cannot show', async () => {
    const { code, stdout, stderr } = await call('odd__files', '--out', join(folder, 'several.bin'))
    expect(code).toBe(0)
    expect(stdout).toBe('Two of them.\nA note.\nodd://link\n')
    expect(stderr).toContain('It also gave "hologram"')
    expect((await readFile(join(folder, 'several.bin'))).subarray(1, 4).toString()).toBe('PNG')
    expect((await readFile(join(folder, 'several-2.bin'))).toString()).toBe('RIFF')
  })

  it('fails when there is nothing to write to the file, or no folder for it, which it checks before the call', async () => {
    const nothing = await call('everything__echo', 'message=Hi', '--out', join(folder, 'none'))
    expect(nothing).toMatchObject({ code: 1, stdout: 'Echo: Hi\n' })
    const before = team.calls.length
    const nowhere = await call('odd__files', '--out', join(folder, 'missing/x.png'))
    expect(nowhere.code).toBe(2)
    expect(team.calls.length).toBe(before)
  })
})

describe('a call that fails', () => {
  it('tells on stderr what the tool said, with exit code 1', async () => {
    const failed = await call('scripted__fail')
    expect(failed).toEqual({
      code: 1,
      stdout: '',
      stderr: 'Error: It failed.\nWhat it takes: mcpgw tools scripted__fail\n',
    })
    const asJson = await call('scripted__fail', '--json')
    expect(asJson.code).toBe(1)
    expect(JSON.parse(asJson.stdout)).toMatchObject({ isError: true })
    expect((await call('scripted__refuse')).stderr).toContain('Refused.')
  })

  it.each([
    ['everything__ecko', 'Did you mean everything__echo?'],
    ['echo', 'Did you mean everything__echo?'],
    ['nothing-like-it', 'See them all: mcpgw tools'],
  ])('does not know the tool %s', async (name, words) => {
    const { code, stdout, stderr } = await call(name)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(words)
  })

  it.each([
    [['message'], 'Write name=value'],
    [['mesage=x'], 'Did you mean message?'],
    [['message=x', 'message=y'], 'given twice'],
    [['message:=x'], 'not valid JSON'],
    [['--args', '[1]'], 'holds no JSON object'],
    [['--args', '{}', 'message=x'], 'two ways'],
    [['--args', '@/no/such/file'], 'cannot be read'],
    [['message=x', '--timeout', 'soon'], 'no number of seconds'],
  ])('is wrong usage with %j', async (args, words) => {
    const { code, stdout, stderr } = await call('everything__echo', ...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(words)
  })

  it('says which kind of value is wanted', async () => {
    const { code, stderr } = await call('odd__typed', 'count=many')
    expect(code).toBe(2)
    expect(stderr).toContain('"count" is to be integer')
  })

  it('shows what the server says of arguments that it does not take', async () => {
    const { code, stderr } = await call('everything__get-sum', '--args', '{"a":"one"}')
    expect(code).toBe(1)
    expect(stderr).toMatch(/invalid/i)
  })

  it('gives up after --timeout, and was sent once', async () => {
    const before = team.calls.length
    const { code, stderr } = await call('odd__silent', '--timeout', '0.5')
    expect(code).toBe(1)
    expect(stderr).toContain('"odd__silent" did not answer within 0.5 s.')
    expect(stderr).toContain('may have been carried out')
    expect(team.calls.slice(before)).toEqual(['silent'])
  })

  it('says what is asked when nobody sits at a terminal', async () => {
    const { code, stdout, stderr } = await call('scripted__ask-twice', '--json')
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ error: { reason: 'input_needed' } })
    expect(stderr).toContain('"scripted__ask-twice" asks: Your name? (name: string)')
    expect(stderr).toContain('Run the command on a terminal to answer.')
    expect((await call('scripted__sample')).stderr).toContain('Call it from an AI client.')
  })

  it('asks for a login when the token was revoked', async () => {
    const issued = await team.plane.api('POST', '/workspaces/team/tokens', {
      name: 'gone',
      member: 'm',
      role: 'developer',
    })
    await team.plane.api('DELETE', `/workspaces/team/tokens/${issued.id}`)
    const place: Place = { url: team.url, token: String(issued.token) }
    for (const args of [['call', 'everything__echo'], ['tools'], ['tail']]) {
      const { code, stdout, stderr } = await runBridge(args, place)
      expect({ code, stdout }).toEqual({ code: 4, stdout: '' })
      expect(stderr).toContain('mcpgw login')
    }
  })

  it('says at once that the gateway is down', async () => {
    const place: Place = { url: `http://127.0.0.1:${await closedPort()}/ws/team`, token: team.token }
    for (const args of [['call', 'everything__echo'], ['tools'], ['tail']]) {
      const { code, stdout, stderr } = await runBridge(args, place)
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toContain('cannot be reached (connection refused)')
    }
  })
})

describe('on a terminal', () => {
  it('asks the questions of the server, one after the other', async () => {
    await using running = startOnTerminal(['call', 'scripted__ask-twice'], team)
    await running.shows('The server "scripted" asks: Your name?')
    await running.shows(/◆[^\n]*name/)
    running.child.stdin.write('Ada\r')
    await running.shows('asks: Your colour?')
    await running.shows(/◆[^\n]*colour/)
    running.child.stdin.write('blue\r')
    const { code, stdout } = await running.ended
    expect(code).toBe(0)
    expect(stdout).toContain('{"action":"accept","content":{"name":"Ada"}}')
    expect(stdout).toContain('{"action":"accept","content":{"colour":"blue"}}')
  })

  it('tells the server when a question is left', async () => {
    await using running = startOnTerminal(['call', 'scripted__ask-url'], team)
    await running.shows('open https://example.com/sign-in')
    await running.shows(/◆[^\n]*Do you agree\?/)
    running.child.stdin.write('\u0003')
    expect((await running.ended).stdout).toContain('{"action":"cancel"}')
  })

  it('shows how far the work is', async () => {
    const args = ['call', 'everything__trigger-long-running-operation', 'duration=2', 'steps=4']
    const { stdout } = await startOnTerminal(args, team).ended
    expect(stdout).toMatch(/[1-4]\/4/)
    expect(stdout).toContain('Long running operation completed')
  })

  it('obeys nothing that a server writes', async () => {
    const shown = [
      (await startOnTerminal(['call', 'odd__hostile'], team, { env: { NO_COLOR: '1' } }).ended).stdout,
      (await call('odd__hostile')).stdout,
      (await call('odd__hostile', '--json')).stdout,
      (await call('odd__hostile-error')).stderr,
      (await runBridge(['tools'], team)).stdout,
      (await runBridge(['tools', 'odd__hostile'], team)).stdout,
      (await runBridge(['tools', 'odd__typed'], team)).stdout,
      (await runBridge(['tools', '--json'], team)).stdout,
    ]
    for (const text of shown) {
      expect(text).toContain('red')
      // The spinner of the terminal erases its own line, and nothing else is left.
      expect(text.replaceAll('\r\u001b[2K', '').replaceAll('\r\n', '\n')).not.toMatch(
        // biome-ignore lint/suspicious/noControlCharactersInRegex: naming them is the point
        /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/,
      )
    }
  })

  it('ends with Ctrl-C, which cancels the call', async () => {
    await using running = startOnTerminal(['call', 'odd__silent'], team)
    await running.shows('Calling odd__silent')
    running.child.stdin.write('\u0003')
    expect((await running.ended).code).toBe(130)
  })
})

it('works on Node 20, the oldest that the bridge runs on', async ({ skip }) => {
  const node = [process.env.MCPGW_TEST_NODE20 ?? '', '/usr/bin/node', '/usr/local/bin/node'].find(isNode20)
  if (node === undefined) return skip('no Node 20 found; name one in MCPGW_TEST_NODE20')
  const commands = [
    ['call', 'everything__echo', 'message=old'],
    ['tools', '--search', 'echo'],
    ['tail', '--since', '1h', '--limit', '1'],
    ['completion', 'bash'],
    ['--help'],
  ]
  for (const args of commands) {
    const { stderr, code } = await runBridge(args, team, '', node)
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  }
})

it('ends quietly when nobody reads its result', async () => {
  await using running = startBridge(['call', 'odd__long'], team)
  running.child.stdout.destroy()
  expect(await running.ended).toMatchObject({ code: 0, stderr: '' })
})

function isNode20(path: string): boolean {
  return existsSync(path) && execFileSync(path, ['--version'], { encoding: 'utf8' }).startsWith('v20.')
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 1
}
