import type { Logger } from 'pino'
import { hashToken, isWellFormedToken } from './access/token-format.ts'
import { type App, openApp } from './app.ts'
import { describeDemo, prepareDemo } from './demo.ts'
import type { Clock, Random } from './model/clock.ts'
import { GatewayError } from './model/error.ts'
import { readMasterKey } from './read-master-key.ts'
import { originOf, type SecretSettings, type Settings } from './settings.ts'
import { closeInheritedFiles } from './upstream/hosted/inherited-files.ts'
import { parseMasterKey } from './vault/master-key.ts'

export interface Edge {
  clock: Clock
  random: Random
  log: Logger
  searchPath: string
  print(text: string): void
}

/** Opens the app that settings and secrets describe. */
export async function openConfiguredApp(
  settings: Settings,
  secrets: SecretSettings,
  edge: Edge,
): Promise<App> {
  await ensureFolder(settings.dataDir)
  const { key, madeFile } = readMasterKey(settings, secrets, edge.random)
  if (madeFile !== undefined)
    edge.log.warn(
      `A master key was made in ${madeFile}. Back it up elsewhere: without it no stored credential can ever be read again.`,
    )
  closeInheritedFiles()
  const previous = secrets.previousMasterKey
  return openApp({
    settings,
    masterKey: key,
    ...(secrets.masterKeyFile !== undefined && { masterKeyFile: secrets.masterKeyFile }),
    ...(previous !== undefined && { previousMasterKey: parseMasterKey(previous) }),
    ...edge,
  })
}

async function ensureFolder(dataDir: string): Promise<void> {
  const { mkdir } = await import('node:fs/promises')
  await mkdir(dataDir, { recursive: true, mode: 0o700 }).catch((cause) => {
    throw new GatewayError('configuration', `The data folder ${dataDir} cannot be made: ${cause.code}.`, {
      cause,
      fix: 'Check its path and who may write there, or choose another one with --data-dir.',
    })
  })
}

/** Runs the control plane until it is told to stop. Resolves when everything is closed. */
export async function serve(
  settings: Settings,
  secrets: SecretSettings,
  edge: Edge,
  stopped: Promise<string>,
): Promise<void> {
  const app = await openConfiguredApp(settings, secrets, edge)
  try {
    await run(app, settings, secrets, edge, stopped)
  } finally {
    await app[Symbol.asyncDispose]()
  }
}

async function run(
  app: App,
  settings: Settings,
  secrets: SecretSettings,
  edge: Edge,
  stopped: Promise<string>,
): Promise<void> {
  if (secrets.ownerToken !== undefined) await registerOwner(app, secrets.ownerToken)
  const demo = settings.demo ? await prepareDemo(app, settings.dataDir) : undefined
  const port = await app.listen()
  await app.warm()
  const origin = originOf(settings, port)
  edge.print(`mcpgw is ready at ${origin}\n`)
  if (demo !== undefined) edge.print(describeDemo(demo, origin))
  else if ((await app.storage.tokens.countOwners()) === 0) edge.print(FIRST_STEPS)
  edge.log.info({ origin }, 'ready')
  const signal = await stopped
  edge.log.info({ signal }, 'stopping')
  await app.drain(DRAIN_MS)
}

/** Shorter than the 30 s that most supervisors wait before they kill. */
const DRAIN_MS = 20_000

const FIRST_STEPS = `
  There is no owner yet. On this machine, with the same --data-dir:

    mcpgw-server token create --name first --member you

`

/** Registers the token that automation brings; one that is known already stays as it is. */
async function registerOwner({ storage, manage }: App, token: string): Promise<void> {
  if (!isWellFormedToken(token)) {
    throw new GatewayError('configuration', 'MCPGW_OWNER_TOKEN is not a well-formed token.', {
      fix: 'It is mcpgw_, 40 letters or digits, and 6 more that are their checksum. Make one with: mcpgw-server token mint',
    })
  }
  const hash = hashToken(token)
  if ((await storage.tokens.byHash(hash)) !== undefined) return
  const now = manage.clock.now()
  await storage.tokens.create({
    id: manage.newId(),
    name: 'MCPGW_OWNER_TOKEN',
    member: 'owner',
    role: 'owner',
    rules: {},
    hash,
    createdAt: now,
  })
}
