import type { IncomingHttpHeaders } from 'node:http'

/** True for npm, pnpm and yarn. What they say they accept does not help: it differs, and none of them means it. */
export function isPackageManager(headers: IncomingHttpHeaders): boolean {
  return headers['pacote-req-type'] === 'tarball' || /^(?:npm|pnpm|yarn)\//.test(headers['user-agent'] ?? '')
}
