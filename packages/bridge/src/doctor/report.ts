import { exitCodes } from '../commands/exit-code.ts'
import type { Finding, Status } from './finding.ts'

export interface Summary {
  readonly ok: number
  readonly warnings: number
  readonly failed: number
  readonly skipped: number
}

export function summarize(findings: readonly Finding[]): Summary {
  const count = (wanted: Status) => findings.filter(({ status }) => status === wanted).length
  return { ok: count('ok'), warnings: count('warning'), failed: count('failed'), skipped: count('skipped') }
}

/** Warnings are fine. Where nothing but a login is missing, the exit code says so. */
export function exitCodeFor(findings: readonly Finding[]): number {
  const failures = findings.filter(({ status }) => status === 'failed')
  if (failures.length === 0) return exitCodes.done
  const needsLogin = failures.every(({ reason }) => reason === 'login_needed' || reason === 'bad_token')
  return needsLogin ? exitCodes.loginNeeded : exitCodes.failed
}

const marks: Readonly<Record<Status, string>> = { ok: '✓', warning: '!', failed: '✗', skipped: '–' }

/** One line for each finding, with what to do about it on the next. */
export function reportLines(findings: readonly Finding[]): string[] {
  const width = Math.max(...findings.map(({ check }) => check.length))
  const lines = findings.flatMap(({ check, status, message, fix }) => [
    `${marks[status]} ${check.padEnd(width)}  ${onOneLine(message)}`,
    ...(fix === undefined ? [] : [`  ${' '.repeat(width)}  ${onOneLine(fix)}`]),
  ])
  return [...lines, '', summaryLine(summarize(findings))]
}

function summaryLine({ ok, warnings, failed, skipped }: Summary): string {
  const parts = [
    `${ok} fine`,
    warnings === 1 ? '1 warning' : `${warnings} warnings`,
    `${failed} failed`,
    `${skipped} skipped`,
  ]
  return `${parts.join(', ')}.`
}

const maxCharacters = 400

/** A text from a server can neither begin a line of its own nor fill the screen. */
export function onOneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length <= maxCharacters ? line : `${line.slice(0, maxCharacters - 1)}…`
}
