import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { AsyncEntry } from '@napi-rs/keyring'
import { BridgeError } from '../bridge-error.ts'
import type { Settings } from '../settings.ts'
import { requireAnsweringBus } from './session-bus.ts'

/**
 * The operating system's keychain. Reading, writing and removing reject with a BridgeError that says why it did not
 * answer; that is never the same as having no token.
 */
export interface Keychain {
  /** What people know it by. */
  readonly name: string
  read(workspace: string): Promise<string | undefined>
  write(workspace: string, token: string): Promise<void>
  remove(workspace: string): Promise<boolean>
  /**
   * Stores, reads and deletes a dummy, so that a fresh token is not lost to a keychain that only seems to work.
   * Rejects like the others when there is one that fails.
   */
  probe(): Promise<'works' | KeychainAbsent>
}

/** This machine has no keychain at all. As an error it is the cause of the BridgeError that tells it. */
export class KeychainAbsent extends Error {
  override readonly name = 'KeychainAbsent'
}

const service = 'mcpgw'
// With the start of the program it is said within 3 s that a keychain hangs. The native module has its own limit for
// a service that does not answer, 2 s, and waits for it on the main thread.
const busLimitMs = 1_500
const readLimitMs = 2_000
// A locked keychain asks the user, who needs a moment; only people-facing commands write.
const writeLimitMs = 60_000

export function createKeychain(settings: Pick<Settings, 'sessionBus' | 'platform'>): Keychain {
  async function ask<T>(
    account: string,
    limitMs: number,
    question: (entry: AsyncEntry) => Promise<T>,
  ): Promise<T> {
    const answer = async () => {
      await requireReachable(settings)
      return question(await openEntry(account))
    }
    return withinLimit(answer(), limitMs).catch((error: unknown) => {
      throw unanswered(asAbsent(error))
    })
  }

  const read = (account: string) => ask(account, readLimitMs, (entry) => entry.getPassword())
  const write = (account: string, secret: string) =>
    ask(account, writeLimitMs, (entry) => entry.setPassword(secret))
  const remove = (account: string) => ask(account, writeLimitMs, (entry) => entry.deleteCredential())

  async function tryOut(): Promise<'works'> {
    const secret = randomUUID()
    const account = `probe ${secret}`
    await write(account, secret)
    const found = await read(account)
    await remove(account)
    if (found === secret) return 'works'
    throw unanswered(new Error('it lost what was stored in it'))
  }

  return {
    name: names[settings.platform] ?? 'Secret Service',
    write,
    remove,
    async read(workspace) {
      return (await read(workspace)) ?? undefined
    },
    probe: () => tryOut().catch(absenceOf),
  }
}

const names: Partial<Record<NodeJS.Platform, string>> = {
  darwin: 'macOS Keychain',
  win32: 'Windows Credential Manager',
}

/** Why there is no keychain, when that is what the error tells; any other error is thrown again. */
export function absenceOf(error: unknown): KeychainAbsent {
  if (error instanceof BridgeError && error.cause instanceof KeychainAbsent) return error.cause
  throw error
}

async function requireReachable({ sessionBus, platform }: Pick<Settings, 'sessionBus' | 'platform'>) {
  if (platform !== 'linux') return
  if (sessionBus === undefined) throw new KeychainAbsent('this session has no D-Bus')
  await requireAnsweringBus(sessionBus, busLimitMs)
}

// Nobody listens at the bus's address; the bus knows no Secret Service; there is no module for this system. A service
// that refuses is not absent.
const absences = /ENOENT|ECONNREFUSED|org\.freedesktop\.secrets was not provided|autolaunch|^its module /

function asAbsent(error: unknown): Error {
  const failure = error instanceof Error ? error : new Error(String(error))
  return absences.test(failure.message) ? new KeychainAbsent(failure.message, { cause: error }) : failure
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

function unanswered(why: Error): BridgeError {
  return new BridgeError('storage', `The keychain did not answer: ${why.message.replace(/\.$/, '')}.`, {
    fix: 'Unlock it and try again, or set MCPGW_STORAGE=file and log in again to keep the token in a file.',
    cause: why,
  })
}
