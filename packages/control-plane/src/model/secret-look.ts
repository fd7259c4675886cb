import { fillPlaceholders, placeholdersIn } from './placeholder.ts'

/** Names that hold a secret by custom: `Authorization`, `Cookie`, `X-Api-Key`, `GITHUB_TOKEN`, `apiKey`, … */
const SECRET_NAME =
  /(?:authorization|cookie|credentials?|password|passwd|secret|token|(?:api|access|auth|private|secret)[-_]?key|(?:^|[-_.])pat)$/i

/** Values that name themselves: an authentication scheme, or the prefix of a well-known kind of token. `Token token=` is a scheme too. */
const SECRET_VALUE =
  /^(?:bearer|basic|token) +(?!token="?"?$)\S{6}|(?:^|\s)(?:(?:sk|pk|rk|glpat|xox[abeprs])-|(?:sk|pk|rk|gh[opsur]|github_pat|hf|lin_api|ntn|secret|mcpgw)_)[\w-]{16}|(?:^|\s)AKIA[0-9A-Z]{12}|(?:^|\s)eyJ[\w-]+\.|-----BEGIN/i

/** Whether a value would put a secret in plain text where everyone who manages the server can read it. */
export function looksLikeSecret(name: string, value: string): boolean {
  const names = placeholdersIn(value)
  const plain = fillPlaceholders(value, new Map(names.map((each) => [each, ''])))
  if (SECRET_VALUE.test(plain)) return true
  return SECRET_NAME.test(name) && names.length === 0 && value !== ''
}
