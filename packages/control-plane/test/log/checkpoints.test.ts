import { createPublicKey, verify } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { runProgram } from '../resilience/run-program.ts'

interface Line {
  version: 1
  workspace: { id: string; slug: string | null }
  seq: number
  hash: string
  time: string
  keyId: string
  signature: string
}

/** As anybody could check a checkpoint, with what the documentation says of it. */
function isGenuine(line: Line, publicKey: string): boolean {
  const { workspace, seq, hash, time, keyId, signature } = line
  const text = JSON.stringify(['mcpgw-checkpoint-1', workspace.id, workspace.slug, seq, hash, time, keyId])
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
  return verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64url'))
}

async function startReceiver() {
  const lines: Line[] = []
  const state = { answer: 503, refused: 0 }
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    if (state.answer !== 204) state.refused += 1
    else lines.push(JSON.parse(text))
    response.writeHead(state.answer).end()
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const { port } = server.address() as AddressInfo
  return {
    lines,
    state,
    url: `http://127.0.0.1:${port}/hook?from=mcpgw`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

it('[U2] sends signed checkpoints to a URL, after a time in which it was down as well, and a last one at the end', async () => {
  await using receiver = await startReceiver()
  const args = ['--audit-checkpoints', receiver.url, '--audit-checkpoint-seconds', '1']
  await using plane = await ControlPlane.start({ args })
  await plane.workspace('team')
  const { publicKey, keyId } = await plane.api('GET', '/audit/checkpoint-key')
  await vi.waitFor(() => expect(receiver.state.refused).toBeGreaterThan(0), 5_000)
  await vi.waitFor(() => expect(plane.stderr).toContain('could not be delivered'), 2_000)
  receiver.state.answer = 204
  await vi.waitFor(
    () => expect(receiver.lines.map(({ workspace }) => workspace.slug)).toContain('team'),
    15_000,
  )
  await vi.waitFor(() => expect(plane.stderr).toContain('delivered again'), 2_000)
  await plane.token('team')
  const demanded = (await plane.api('GET', '/workspaces/team/audit/checkpoint')) as unknown as Line
  expect(demanded).toMatchObject({ version: 1, seq: 3, keyId, workspace: { slug: 'team' } })
  await plane.token('team')
  await plane.kill()
  expect(receiver.lines.findLast(({ workspace }) => workspace.slug === 'team')).toMatchObject({ seq: 4 })
  for (const line of [...receiver.lines, demanded]) {
    expect(isGenuine(line, String(publicKey))).toBe(true)
    expect(isGenuine({ ...line, seq: line.seq + 1 }, String(publicKey))).toBe(false)
  }
  await plane.start()
  expect(await plane.api('GET', '/audit/checkpoint-key')).toMatchObject({ publicKey, keyId })
}, 40_000)

it('does not start where checkpoints have no place, nor with a place that is none', async () => {
  await using plane = await ControlPlane.start()
  await plane.kill()
  const start = (target: string) =>
    runProgram(
      ['--data-dir', plane.dataDir, 'serve', '--port', '0', '--audit-checkpoints', target],
      {},
      20_000,
    )
  const missing = await start(join(plane.dataDir, 'no', 'such', 'folder'))
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('--audit-checkpoints') })
  const relative = await start('checkpoints.jsonl')
  expect(relative).toMatchObject({ code: 1, stderr: expect.stringContaining('must be an absolute path') })
}, 40_000)
