import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempDisposableSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { isFull } from '../full-counts.ts'

const SEALINGS = isFull ? 1_000_000 : 40_000
const RESTARTS = isFull ? 10 : 4
const THREADS = 4
const NONCE_BYTES = 12

it(`[V4] seals ${SEALINGS} times over ${RESTARTS} restarts and ${THREADS} threads, never twice with the same nonce`, async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'mcpgw-nonces-'))
  const masterKey = randomBytes(32).toString('base64')
  const seen = new Set<string>()
  for (let restart = 0; restart < RESTARTS; restart += 1) {
    const file = join(folder.path, String(restart))
    const program = join(import.meta.dirname, 'seal-many.ts')
    const count = SEALINGS / RESTARTS / THREADS
    const child = spawn(process.execPath, [program, file, String(THREADS), masterKey, String(count)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    expect(await once(child, 'exit')).toEqual([0, null])
    const nonces = readFileSync(file)
    for (let at = 0; at < nonces.length; at += NONCE_BYTES) {
      seen.add(nonces.toString('latin1', at, at + NONCE_BYTES))
    }
  }
  expect(seen.size).toBe(SEALINGS)
}, 120_000)
