import type { CredentialDraft } from './credential-draft.ts'
import { isSecret, sealSecret } from './secret-parts.ts'

/** `--api-key=abc`, `API_KEY=abc`. */
const ASSIGNMENT = /^(--?[\w.-]+|[A-Za-z_]\w*)=([\s\S]*)$/

/** `Authorization: Bearer abc`, as some programs take headers. */
const HEADER = /^([A-Za-z][\w-]*)(\s*:\s*)(\S[\s\S]*)$/

const FLAG = /^--?[A-Za-z][\w.-]*$/

/** Arguments with their secrets sealed: by the flag in front of them, by the name inside of them, or by their look. */
export function sealArguments(args: readonly string[], draft: CredentialDraft): string[] {
  return args.map((argument, index) => {
    const before = args[index - 1] ?? ''
    return sealArgument(argument, FLAG.test(before) ? nameOf(before) : '', draft)
  })
}

function sealArgument(argument: string, flag: string, draft: CredentialDraft): string {
  const [, assigned, assignedValue] = ASSIGNMENT.exec(argument) ?? []
  if (assigned !== undefined && assignedValue !== undefined)
    return `${assigned}=${sealArgument(assignedValue, nameOf(assigned), draft)}`
  const [, header, colon, value] = HEADER.exec(argument) ?? []
  if (header !== undefined && value !== undefined && !value.startsWith('//') && isSecret(header, value))
    return `${header}${colon}${sealSecret(header, value, draft)}`
  return FLAG.test(argument) ? argument : sealSecret(flag, argument, draft)
}

function nameOf(flag: string): string {
  return flag.replace(/^-+/, '')
}
