import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as readText } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

export type Requirements = '2025-11-25' | '2026-07-28'
export type Check = {
  scenario: string
  id: string
  status: 'SUCCESS' | 'INFO' | 'SKIPPED' | 'WARNING' | 'FAILURE'
  /** Whether this scenario decides the suite's verdict. The others are run for information. */
  scored: boolean
  message: string | undefined
}
export type ConformanceRun = {
  passed: number
  failed: number
  /** The suite's own verdict: exit code 0, no scored check failed. */
  scoredOk: boolean
  checks: Check[]
  durationMs: number
}
export type Regression = {
  scenario: string
  id: string
  direct: Check['status']
  viaGateway: Check['status'] | 'MISSING'
  message: string | undefined
}

/** Runs take seconds; a run that hangs is ended. */
const timeoutMs = 180_000

const suiteProgram = fileURLToPath(import.meta.resolve('@modelcontextprotocol/conformance/dist/index.js'))

const checksFileSchema = z.array(
  z.object({
    id: z.string(),
    status: z.enum(['SUCCESS', 'INFO', 'SKIPPED', 'WARNING', 'FAILURE']),
    errorMessage: z.string().optional(),
  }),
)

/**
 * Runs every server scenario that a revision of the protocol requires against `url`, at that revision's wire.
 * The suite's own result files stay in `outDir` when one is given. Throws when the suite itself breaks.
 */
export async function runConformance(options: {
  url: string
  requirements: Requirements
  outDir?: string
}): Promise<ConformanceRun> {
  const outDir = await mkdtemp(join(await existing(options.outDir ?? tmpdir()), 'conformance-'))
  try {
    return await runInto(outDir, options)
  } finally {
    if (options.outDir === undefined) await rm(outDir, { recursive: true, force: true })
  }
}

async function runInto(
  outDir: string,
  { url, requirements }: { url: string; requirements: Requirements },
): Promise<ConformanceRun> {
  const startedAt = performance.now()
  const { exitCode, output } = await runSuite([
    'server',
    '--url',
    url,
    '--requirements',
    requirements,
    '-o',
    outDir,
  ])
  const durationMs = Math.round(performance.now() - startedAt)
  const scenarios = readSummary(output)
  const checks = (await Promise.all(scenarios.map((scenario) => readChecks(outDir, scenario)))).flat()
  return { ...count(checks), scoredOk: exitCode === 0, checks, durationMs }
}

async function runSuite(args: string[]): Promise<{ exitCode: number; output: string }> {
  const child = spawn(process.execPath, [suiteProgram, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.timeout(timeoutMs),
    killSignal: 'SIGKILL',
  })
  const [output, problems, [exitCode]] = await Promise.all([
    readText(child.stdout),
    readText(child.stderr),
    once(child, 'exit'),
  ])
  if (!output.includes('=== SUMMARY ==='))
    throw new Error(`The suite broke off:\n${output.slice(-2_000)}${problems}`)
  return { exitCode: Number(exitCode), output }
}

type Scenario = { name: string; scored: boolean }

/** The suite writes down only here which scenarios ran and which of them do not count. */
function readSummary(output: string): Scenario[] {
  const summary = output.slice(output.indexOf('=== SUMMARY ==='))
  const unscored = new Set([...summary.matchAll(/^ {2}[✓✗] (\S+) \(/gm)].map(([, name]) => name))
  const ran = [...summary.matchAll(/^[✓✗] (\S+): \d+ passed, \d+ failed$/gm)]
  return ran.map(([, name = '']) => ({ name, scored: !unscored.has(name) }))
}

async function readChecks(outDir: string, { name, scored }: Scenario): Promise<Check[]> {
  const folder = (await readdir(outDir)).find((entry) => scenarioOf(entry) === name)
  const file = folder && (await readFile(join(outDir, folder, 'checks.json'), 'utf8').catch(() => undefined))
  // A scenario that threw leaves no file; the suite counts it as one failure under its own name.
  const found = file ? checksFileSchema.parse(JSON.parse(file)) : [{ id: name, status: 'FAILURE' as const }]
  return found.map((check) => ({
    scenario: name,
    id: check.id,
    status: check.status,
    scored,
    message: 'errorMessage' in check ? check.errorMessage : undefined,
  }))
}

/** Result folders are called `server-SCENARIO-TIME`. */
function scenarioOf(folder: string): string | undefined {
  return /^server-(.+)-\d{4}-\d{2}-\d{2}T[\d-]+Z$/.exec(folder)?.[1]
}

function count(checks: Check[]): { passed: number; failed: number } {
  const withStatus = (status: Check['status']) => checks.filter((check) => check.status === status).length
  return { passed: withStatus('SUCCESS'), failed: withStatus('FAILURE') }
}

/**
 * Every scored check that passes directly and does not through the gateway: it fails there, only warns, or
 * was never reached. A check that a scenario reports several times counts by its worst report.
 */
export function compareRuns(direct: ConformanceRun, viaGateway: ConformanceRun): Regression[] {
  const reached = worstByCheck(viaGateway.checks)
  const passing = [...worstByCheck(direct.checks)].filter(
    ([, check]) => check.scored && check.status === 'SUCCESS',
  )
  return passing.flatMap(([key, { scenario, id, status }]) => {
    const there = reached.get(key)
    if (there?.status === 'SUCCESS') return []
    return [{ scenario, id, direct: status, viaGateway: there?.status ?? 'MISSING', message: there?.message }]
  })
}

const severity: Check['status'][] = ['SUCCESS', 'INFO', 'SKIPPED', 'WARNING', 'FAILURE']

function worstByCheck(checks: Check[]): Map<string, Check> {
  const worst = new Map<string, Check>()
  for (const check of checks) {
    const key = `${check.scenario}:${check.id}`
    const known = worst.get(key)
    if (known === undefined || severity.indexOf(check.status) > severity.indexOf(known.status))
      worst.set(key, check)
  }
  return worst
}

async function existing(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  return folder
}
