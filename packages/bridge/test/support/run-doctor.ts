import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { bridgeEnvironment } from './bridge-process.ts'
import { runCommand } from './run-command.ts'
import { goodToken } from './test-gateway.ts'

/** What scripts may rely on. */
export const doctorAnswer = z.strictObject({
  workspace: z.string().optional(),
  summary: z.strictObject({ ok: z.int(), warnings: z.int(), failed: z.int(), skipped: z.int() }),
  findings: z.array(
    z.strictObject({
      check: z.string(),
      status: z.enum(['ok', 'warning', 'failed', 'skipped']),
      message: z.string().min(1),
      fix: z.string().min(1).optional(),
      reason: z.string().optional(),
    }),
  ),
})

/** An environment without npx, logged in by MCPGW_TOKEN. */
export function doctorEnvironment(url: string, extra: Record<string, string> = {}): Record<string, string> {
  const PATH = mkdtempSync(join(tmpdir(), 'mcpgw-path-'))
  return bridgeEnvironment({ PATH, MCPGW_TOKEN: goodToken, MCPGW_WORKSPACE: url, ...extra })
}

/** Runs `mcpgw doctor --json` and holds its answer against the promised shape. */
export async function runDoctor(env: Record<string, string>, args: readonly string[] = []) {
  const { code, stdout, stderr } = await runCommand(['doctor', '--json', ...args], { env })
  const answer = doctorAnswer.parse(JSON.parse(stdout))
  const of = (check: string) => answer.findings.filter((finding) => finding.check === check)
  return { ...answer, code, stdout, stderr, of, one: (check: string) => of(check)[0] }
}
