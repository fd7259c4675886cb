import { expect } from 'vitest'
import type { ControlPlane } from '../control-plane.ts'
import { call, chatCall, DIALECTS, type Door } from '../openai/door-client.ts'
import { sampleArguments } from '../openai/sample-arguments.ts'

export interface FunctionTool {
  name: string
  parameters: Record<string, unknown>
}

/** What a model can do something with: what the tool said, or a sentence that says what is wrong. */
const SOMETHING = /\S/
/** The server was asked, and answered. */
const ANSWERED = ['ok', 'tool_error', 'protocol_error']

/**
 * Calls each tool of a server as a model would: with arguments that fit its schema, and once with none where some are
 * required. The row of each call names the tool it stands for.
 */
export async function expectEveryToolToAnswer(
  plane: ControlPlane,
  door: Door,
  server: string,
  tools: readonly FunctionTool[],
): Promise<void> {
  for (const { name, parameters } of tools) {
    const said = await callOnce(door, name, sampleArguments(parameters))
    expect([name, said.text]).toEqual([name, expect.stringMatching(SOMETHING)])
  }
  const { items } = await plane.api('GET', `/workspaces/team/audit?kind=call&server=${server}&limit=200`)
  const rows = items as { shownAs: string; server: string; tool: string; outcome: string }[]
  const standsFor = new Map(rows.map(({ shownAs, tool }) => [shownAs, `${server}__${tool}`]))
  expect([...standsFor].toSorted()).toEqual(tools.map(({ name }) => [name, name]).toSorted())
  expect(rows.filter(({ outcome }) => !ANSWERED.includes(outcome))).toEqual([])
  for (const { name, parameters } of tools) {
    if (!Array.isArray(parameters.required) || parameters.required.length === 0) continue
    expect([name, await callOnce(door, name, {})]).toEqual([
      name,
      { id: 'call_1', isError: true, text: expect.stringMatching(SOMETHING) },
    ])
  }
}

async function callOnce(door: Door, name: string, args: Record<string, unknown>) {
  const { messages } = await call(door, { tool_calls: [chatCall('call_1', name, args)] })
  const [result] = DIALECTS.chat.read({ messages })
  if (result === undefined) throw new Error(`Nothing was said of the call of "${name}".`)
  return result
}
