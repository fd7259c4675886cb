import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { CheckpointTarget } from './audit/checkpointer.ts'
import type { Checkpoint } from './model/audit-seal.ts'
import { GatewayError } from './model/error.ts'
import type { AddressGuard } from './upstream/address-guard.ts'
import { openHttpPool } from './upstream/http-client.ts'

/** Longer than a webhook that works takes, shorter than a service manager waits for us to end. */
const ANSWER_WITHIN_MS = 5_000

/** `target`: an absolute path or an http(s) URL. Rejects with `configuration` when it can be seen not to work. */
export async function openCheckpointTarget(
  target: string,
  guard: AddressGuard,
): Promise<CheckpointTarget & AsyncDisposable> {
  return /^https?:/i.test(target) ? openUrl(new URL(target), guard) : openPath(target)
}

async function openPath(path: string): Promise<CheckpointTarget & AsyncDisposable> {
  await appendLine(path, undefined).catch((cause) => {
    throw new GatewayError(
      'configuration',
      `Checkpoints of the log cannot be written to ${path}: ${cause.code}.`,
      {
        cause,
        fix: 'Check that its folder exists and may be written by this user, or correct --audit-checkpoints.',
      },
    )
  })
  return {
    write: (checkpoint) => appendLine(path, JSON.stringify(checkpoint)),
    [Symbol.asyncDispose]: async () => {},
  }
}

/** Opened anew each time: the file may have been moved away, as log rotation does. */
async function appendLine(path: string, line: string | undefined): Promise<void> {
  const file = await open(path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, 0o600)
  try {
    if (line === undefined) return
    const start = (await endsInLine(file)) ? '' : '\n'
    await file.appendFile(`${start}${line}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A power cut can leave half a line, which must not spoil the next one. */
async function endsInLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat()
  if (size === 0) return true
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  return buffer[0] === 0x0a
}

function openUrl(url: URL, guard: AddressGuard): CheckpointTarget & AsyncDisposable {
  const pool = openHttpPool(url.origin, guard, 1)
  return {
    write: (checkpoint) => post(checkpoint),
    [Symbol.asyncDispose]: () => pool.destroy(),
  }

  async function post(checkpoint: Checkpoint): Promise<void> {
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path: url.pathname + url.search,
      headers: { 'content-type': 'application/json', ...authorizationOf(url) },
      body: `${JSON.stringify(checkpoint)}\n`,
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    })
    await body.dump()
    // A redirect is no place where anything was kept.
    if (statusCode < 200 || statusCode >= 300) throw new Error(`${url.host} answered ${statusCode}`)
  }
}

function authorizationOf({ username, password }: URL): Record<string, string> {
  if (username === '') return {}
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}
