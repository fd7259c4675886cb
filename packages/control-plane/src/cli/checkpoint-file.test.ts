import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readCheckpointFile } from './checkpoint-file.ts'

it('keeps the checkpoint before a log became shorter, however often the gateway was started afterwards', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-checkpoints-'))
  const file = join(folder, 'checkpoints.jsonl')
  const at = (seq: number) =>
    `${JSON.stringify({ workspace: { id: 'w', slug: 'w' }, seq, hash: `h${seq}` })}\n`
  writeFileSync(file, [at(1), at(100), ...Array.from({ length: 3_000 }, () => at(50)), at(120)].join(''))
  const chosen = (await readCheckpointFile(file)).of('w')
  rmSync(folder, { recursive: true })
  expect(chosen.map(({ seq }) => seq)).toEqual(expect.arrayContaining([100, 120]))
})
