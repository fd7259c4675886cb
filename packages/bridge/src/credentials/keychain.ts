import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { AsyncEntry } from '@napi-rs/keyring'
import { BridgeError } from '../bridge-error.ts'
import { requireAnsweringBus } from './session-bus.ts'

/** The operating system's keychain. Every method rejects with a BridgeError that says why it did not answer. */
export interface Keychain {
  read(workspace: string): Promise<string | undefined>
  write(workspace: string, token: string): Promise<void>
  remove(workspace: string): Promise<boolean>
  /** Stores, reads and deletes a dummy, so that a fresh token is not lost to a keychain that only seems to work. */
  probe(): Promise<void>
}

const service = 'mcpgw'
const readLimitMs = 3_000
// A locked keychain asks the user, who needs a moment; only people-facing commands write.
const writeLimitMs = 60_000

export function createKeychain({ sessionBus }: { sessionBus: string | undefined }): Keychain {
  async function ask<T>(
    account: string,
    limitMs: number,
    question: (entry: AsyncEntry) => Promise<T>,
  ): Promise<T> {
    const answer = async () => {
      await requireAnsweringBus(sessionBus, readLimitMs)
      return question(await openEntry(account))
    }
    return withinLimit(answer(), limitMs).catch((error: unknown) => {
      throw unanswered(error instanceof Error ? error.message : String(error), error)
    })
  }

  const read = (account: string) => ask(account, readLimitMs, (entry) => entry.getPassword())
  const write = (account: string, secret: string) =>
    ask(account, writeLimitMs, (entry) => entry.setPassword(secret))
  const remove = (account: string) => ask(account, writeLimitMs, (entry) => entry.deleteCredential())
  return {
    write,
    remove,
    async read(workspace) {
      return (await read(workspace)) ?? undefined
    },
    async probe() {
      const secret = randomUUID()
      const account = `probe ${secret}`
      await write(account, secret)
      const found = await read(account)
      await remove(account)
      if (found !== secret) throw unanswered('it lost what was stored in it')
    },
  }
}

async function withinLimit<T>(answer: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limitMs / 1000} seconds`)), limitMs)
  })
  return Promise.race([answer, tooLate]).finally(() => clearTimeout(timer))
}

async function openEntry(account: string): Promise<AsyncEntry> {
  const keyring = await import('@napi-rs/keyring').catch(loadOwnModule)
  // Without this pin a Linux without Secret Service gets a keyring in memory that forgets at the next boot.
  return new keyring.AsyncEntry(service, account, { linux: { store: 'secret-service' } })
}

/** A copy of the bridge that a control plane made comes without packages and has the bare module beside it. */
function loadOwnModule(notInstalled: unknown): typeof import('@napi-rs/keyring') {
  const file = new URL('keyring.node', import.meta.url)
  if (!existsSync(file)) throw new Error('its module is not installed', { cause: notInstalled })
  try {
    return createRequire(import.meta.url)(fileURLToPath(file))
  } catch (cause) {
    const [why] = String(cause).split('\n')
    throw new Error(`its module does not run on this system (${why})`, { cause })
  }
}

function unanswered(why: string, cause?: unknown): BridgeError {
  return new BridgeError('storage', `The keychain did not answer: ${why}.`, {
    fix: 'Unlock it and try again, or set MCPGW_STORAGE=file to keep tokens in a file.',
    cause,
  })
}
