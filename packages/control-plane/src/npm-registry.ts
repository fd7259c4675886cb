import { execFile } from 'node:child_process'
import { z } from 'zod'

/** `missing`: not there, or not at that version. `unanswered`: the registry could not be asked. */
export type PackageState = 'published' | 'deprecated' | 'missing' | 'unanswered'

export interface PackageAnswer {
  identifier: string
  version: string
  state: PackageState
  /** What the registry or npm says about it. */
  said?: string
}

/**
 * Asks the registry that npm is set up for, through npm itself: only npm knows its proxies, mirrors and logins. One
 * package after another, as a registry is not ours to hurry.
 */
export async function askNpmRegistry(
  packages: readonly { identifier: string; version: string }[],
  environment?: NodeJS.ProcessEnv,
): Promise<PackageAnswer[]> {
  const answers: PackageAnswer[] = []
  for (const { identifier, version } of packages)
    answers.push({ identifier, version, ...(await askFor(`${identifier}@${version}`, environment)) })
  return answers
}

/** Anything else could mean something else to npm: a folder, a URL, an option. */
const SPECIFIER = /^(?:@[a-z0-9~._-]+\/)?[a-z0-9~][a-z0-9~._-]*@[0-9A-Za-z.+-]+$/i

async function askFor(
  specifier: string,
  env: NodeJS.ProcessEnv | undefined,
): Promise<Pick<PackageAnswer, 'state' | 'said'>> {
  if (!SPECIFIER.test(specifier)) return { state: 'missing', said: 'It is no name of a package.' }
  const { stdout, stderr } = await runNpm(['view', '--json', '--', specifier, 'version', 'deprecated'], env)
  const answer = npmAnswer.safeParse(parseJson(stdout))
  if (!answer.success) return { state: 'unanswered', said: stderr.trim().slice(0, 300) }
  if (typeof answer.data === 'string') return { state: 'published' }
  if ('error' in answer.data) return refusal(answer.data.error)
  const { deprecated } = answer.data
  return deprecated === undefined ? { state: 'published' } : { state: 'deprecated', said: deprecated }
}

function refusal({ code, summary }: z.output<typeof npmError>): Pick<PackageAnswer, 'state' | 'said'> {
  return { state: code === 'E404' ? 'missing' : 'unanswered', said: `${code}: ${summary}`.slice(0, 300) }
}

const npmError = z.object({ code: z.string(), summary: z.string().catch('') })

/** With one field to tell, npm tells it bare. */
const npmAnswer = z.union([
  z.string(),
  z.object({ error: npmError }),
  z.object({ version: z.string(), deprecated: z.string().optional() }),
])

function runNpm(
  args: string[],
  env: NodeJS.ProcessEnv | undefined,
): Promise<{ stdout: string; stderr: string }> {
  const options = { timeout: 60_000, maxBuffer: 1024 * 1024, ...(env !== undefined && { env }) }
  return new Promise((resolve) => {
    execFile('npm', args, options, (error, stdout, stderr) =>
      resolve({ stdout, stderr: stderr === '' ? String(error ?? '') : stderr }),
    )
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
