import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pickOperatorEnv } from '../../src/operator-env.ts'
import { ControlPlane } from '../control-plane.ts'
import { call, DIALECTS, type Door, toolsOf } from '../openai/door-client.ts'
import { responsesTools } from '../openai/published-rules.ts'
import { expectEveryToolToAnswer, type FunctionTool } from './every-tool-of.ts'
import type { HonestPackage } from './honest-packages.ts'

const BRIDGE = resolve(import.meta.dirname, '../../../bridge/dist/mcpgw.js')
/** The slowest takes npm some minutes where it shares two cores. */
const LIMIT_MS = 6 * 60_000

/** Why there is nothing to install from, if so. */
export async function problemWithRegistry(): Promise<string | undefined> {
  const asked = promisify(execFile)('npm', ['view', 'time-mcp@1.0.6', 'version', '--fetch-retries=0'], {
    timeout: 20_000,
  })
  return asked.then(
    () => undefined,
    () => 'the npm registry cannot be reached from here',
  )
}

/** Each is added by the API and called through the real bridge by a real client. */
export function describePackageCalls(packages: readonly HonestPackage[], problem: string | undefined): void {
  const because = problem === undefined ? '' : ` (skipped: ${problem})`
  describe.skipIf(problem !== undefined)(`a published package, added by the API${because}`, () => {
    const settings = mkdtempSync(join(tmpdir(), 'mcpgw-settings-'))
    // As the door for OpenAI-format callers does: some servers offer more to who can be asked.
    const capabilities = { elicitation: { form: {}, url: {} } }
    const client = new Client({ name: 'client', version: '1' }, { capabilities })
    let plane: ControlPlane
    let door: Door

    beforeAll(async () => {
      plane = await ControlPlane.start({ env: operatorEnv() })
      door = await plane.workspace('team')
      const { url, token } = door
      const env = { PATH: process.env.PATH ?? '', MCPGW_TOKEN: token }
      await client.connect(
        new StdioClientTransport({
          command: process.execPath,
          args: [BRIDGE, 'stdio', '--workspace', url],
          env: { ...env, MCPGW_CONFIG_DIR: settings, MCPGW_STORAGE: 'file' },
        }),
      )
    })
    afterAll(async () => {
      await client.close()
      await plane?.[Symbol.asyncDispose]()
      rmSync(settings, { recursive: true, force: true })
    })

    it.each(packages.map((one, number) => ({ ...one, name: `p${number}` })))(
      '$identifier $version lists its tools, really runs $tool, and answers whatever of them is called',
      async ({ name, identifier, version, args, env, tools, tool, arguments: given, answers, refuses }) => {
        const server = { name, package: { registryType: 'npm', identifier, version }, args, env }
        const added = await plane.addServer('team', server)
        expect([added.status, added.error]).toEqual(['ready', undefined])
        expect(added.tools).toBeGreaterThanOrEqual(tools)
        const result = await client.callTool({ name: `${name}__${tool}`, arguments: given }, undefined, {
          timeout: LIMIT_MS,
        })
        expect({ isError: result.isError ?? false, text: textOf(result.content) }).toEqual({
          isError: false,
          text: expect.stringMatching(answers),
        })
        const { tools: all } = await client.listTools()
        const names = all.map((each) => each.name).filter((each) => each.startsWith(`${name}__`))
        const listed = await expectAtOpenAiDoor(door, name, names, {
          tool: `${name}__${tool}`,
          given,
          answers,
          refuses,
        })
        await expectEveryToolToAnswer(plane, door, name, listed)
        await plane.api('DELETE', `/workspaces/team/servers/${name}`)
      },
      LIMIT_MS,
    )
  })
}

interface DoorCall {
  tool: string
  given: Record<string, unknown>
  answers: RegExp
  refuses: RegExp | undefined
}

/** All its tools under the same names, as functions that the published rules allow, and the same call. */
async function expectAtOpenAiDoor(
  door: Door,
  server: string,
  names: string[],
  { tool, given, answers, refuses }: DoorCall,
): Promise<FunctionTool[]> {
  const listed = (await toolsOf(
    door,
    `format=responses&servers=${server}&limit=none`,
  )) as unknown as FunctionTool[]
  expect(listed.map(({ name }) => name).toSorted()).toEqual(names.toSorted())
  for (let from = 0; from < listed.length; from += 128)
    expect(responsesTools.safeParse(listed.slice(from, from + 128)).error).toBeUndefined()
  const asked = [{ id: 'call_1', name: tool, args: given }]
  const [result] = DIALECTS.chat.read(await call(door, DIALECTS.chat.body(asked)))
  const text = expect.stringMatching(refuses ?? answers)
  expect(result).toEqual({ id: 'call_1', isError: refuses !== undefined, text })
  return listed
}

function textOf(content: unknown): string {
  const parts = Array.isArray(content) ? content : []
  return parts.map((part) => ('text' in part ? String(part.text) : JSON.stringify(part))).join('\n')
}

/** Where npm finds its settings and certificates on this machine. */
function operatorEnv(): Record<string, string> {
  return pickOperatorEnv(process.env).npm
}
