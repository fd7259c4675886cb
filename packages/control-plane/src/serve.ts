import type { Logger } from 'pino'
import { hashToken, isWellFormedToken } from './access/token-format.ts'
import { type App, openApp } from './app.ts'
import { type Demo, describeDemo, prepareDemo } from './demo.ts'
import { isSetUpOpen, mintSetUpCode } from './manage/setup.ts'
import type { Clock, Random } from './model/clock.ts'
import { GatewayError } from './model/error.ts'
import type { OperatorEnv } from './operator-env.ts'
import { readMasterKey } from './read-master-key.ts'
import { originOf, type SecretSettings, type Settings } from './settings.ts'
import { sqliteFileOf } from './storage/open-storage.ts'
import { closeInheritedFiles } from './upstream/hosted/inherited-files.ts'

export interface Edge {
  clock: Clock
  random: Random
  log: Logger
  searchPath: string
  operatorEnv: OperatorEnv
  print(text: string): void
}

/** Opens the app that settings and secrets describe. */
export async function openConfiguredApp(
  settings: Settings,
  secrets: SecretSettings,
  edge: Edge,
): Promise<App> {
  // Before anything is made: a URL that is of no database is a mistake, and no reason for a new key.
  sqliteFileOf(settings)
  const { metricsToken } = secrets
  if (metricsToken !== undefined) requireWellFormed('MCPGW_METRICS_TOKEN', metricsToken)
  await ensureFolder(settings.dataDir)
  const { key, older, file, madeFile } = readMasterKey(settings, secrets, edge.random)
  if (madeFile !== undefined)
    edge.log.warn(
      `A master key was made in ${madeFile}. Back it up elsewhere: without it no stored credential can ever be read again.`,
    )
  closeInheritedFiles()
  return openApp({
    ...{ settings, masterKey: key, olderMasterKeys: older, masterKeyFile: file, metricsToken },
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
  await finishKeyRotation(app, edge.log)
  const demo = settings.demo ? await prepareDemo(app, settings.dataDir) : undefined
  await app.tend()
  const port = await app.listen()
  await app.warm()
  const origin = originOf(settings, port)
  const setUpLink = (await isSetUpOpen(app.manage))
    ? `${origin}/setup#${mintSetUpCode(app.manage)}`
    : undefined
  edge.print(`mcpgw is ready at ${origin}\n${nextSteps(origin, demo, setUpLink)}`)
  edge.log.info({ origin }, 'ready')
  const signal = await stopped
  edge.log.info({ signal }, 'stopping')
  await app.drain(DRAIN_MS)
}

/** A change of the master key that a process before this one did not finish, or that its settings ask for. */
async function finishKeyRotation({ manage: { masterKey } }: App, log: Logger): Promise<void> {
  const { unfinished, unreadableKeys } = await masterKey.describe()
  if (unreadableKeys > 0)
    log.error({ unreadableKeys }, 'some keys in the database do not open with the master key')
  if (unfinished) log.warn(await masterKey.finish(), 'a change of the master key was finished')
}

/** Shorter than the 30 s that most supervisors wait before they kill. */
const DRAIN_MS = 20_000

/** What to do now. Printed in one piece with the line before: whoever waits for that one has these as well. */
function nextSteps(origin: string, demo: Demo | undefined, setUpLink: string | undefined): string {
  if (demo !== undefined) return describeDemo(demo, origin, setUpLink)
  if (setUpLink === undefined) return ''
  return `
  There is no owner yet. Whoever opens this link first becomes it, within 24 hours:

    ${setUpLink}

  Or on this machine, with the same --data-dir:

    mcpgw-server token create --name first --member you

`
}

function requireWellFormed(name: string, token: string): void {
  if (isWellFormedToken(token)) return
  throw new GatewayError('configuration', `${name} is not a well-formed token.`, {
    fix: 'It is mcpgw_, 40 letters or digits, and 6 more that are their checksum. Make one with: mcpgw-server token mint',
  })
}

/** Registers the token that automation brings; one that is known already stays as it is. */
async function registerOwner({ storage, manage }: App, token: string): Promise<void> {
  requireWellFormed('MCPGW_OWNER_TOKEN', token)
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
