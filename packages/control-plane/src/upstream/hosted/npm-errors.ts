import { GatewayError, type GatewayErrorOptions } from '../../model/error.ts'
import { nameOfPackage } from '../../model/package.ts'
import type { PackageRef } from '../../model/server.ts'

const UNREACHABLE =
  /^(?:ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPROTO|ERR_SOCKET|FETCH_ERROR|E5\d\d$|E429$)/
const UNTRUSTED = /CERT|UNABLE_TO_VERIFY|SELF_SIGNED/
const FULL = /\b(?:ENOSPC|EDQUOT)\b/

/** Turns what npm said on stderr into what a person can do about it. */
export function explainNpm(ref: PackageRef, said: string): GatewayError {
  const code = /npm (?:error|ERR!) code (\S+)/.exec(said)?.[1] ?? ''
  const failed = (...[errorCode, message, fix]: Explanation) =>
    new GatewayError(
      errorCode,
      `The npm package ${nameOfPackage(ref)} cannot be installed: ${message}`,
      causeAnd(fix, said),
    )
  if (FULL.test(said)) return failed(...DISK_FULL)
  if (code === 'E404' || code === 'ETARGET') return failed(...notFound(ref, said))
  if (code === 'E401' || code === 'E403') return failed(...REFUSED)
  if (code === 'EINTEGRITY') return failed(...CHANGED)
  if (/^EALLOW/.test(code) || /\/nonexistent\b/.test(said)) return failed(...FROM_ELSEWHERE)
  if (UNTRUSTED.test(code)) return failed(...NOT_TRUSTED)
  if (UNREACHABLE.test(code)) return failed(...NO_REGISTRY)
  return failed('upstream_unavailable', `npm says "${lastWords(said)}".`, TRY_BY_HAND)
}

type Explanation = [code: GatewayError['code'], message: string, fix: string]

const TRY_BY_HAND =
  'Try "npm view" with that package on the machine of the control plane, as its user, then check the server again.'
const DISK_FULL: Explanation = [
  'upstream_unavailable',
  'the disk is full.',
  'Make room in the data folder of the control plane and in its temporary folder, then check the server again.',
]
const REFUSED: Explanation = [
  'configuration',
  'the registry does not let us in.',
  "Check the registry and its token in the .npmrc of the control plane's user, then check the server again.",
]
const CHANGED: Explanation = [
  'configuration',
  'what the registry gives is not what it gave before.',
  'Do not use it before you know why: a release must not change. Add the server with another version.',
]
const FROM_ELSEWHERE: Explanation = [
  'unsupported',
  'it or something it needs does not come from a registry.',
  'Use a version that needs only packages of a registry, or install it yourself and add the server by its command.',
]
const NOT_TRUSTED: Explanation = [
  'configuration',
  'the certificate of the registry is not trusted.',
  'Name the certificate authority of your network in NODE_EXTRA_CA_CERTS of the control plane, or as cafile in its .npmrc.',
]
const NO_REGISTRY: Explanation = [
  'upstream_unavailable',
  'the npm registry cannot be reached.',
  'Check the network of the control plane, and the registry and proxy in the .npmrc of its user. A package that is installed already starts without it.',
]

function notFound({ identifier, version }: PackageRef, said: string): Explanation {
  const [, missing] =
    /'(@?[^@'\s]+)@[^']*' (?:is not in this registry|could not be found)/.exec(said) ??
    /No matching version found for (@?[^@\s]+)@/.exec(said) ??
    []
  if (missing !== undefined && missing !== identifier)
    return [
      'configuration',
      `it needs the package ${missing}, which the registry does not have.`,
      'Use another version of it, or check the registry in the .npmrc of the user of the control plane.',
    ]
  return /ETARGET/.test(said)
    ? ['configuration', `there is no version ${version} of it.`, 'Add the server with a version that exists.']
    : [
        'configuration',
        'the registry has no such package.',
        "Check its name, and the registry in the .npmrc of the control plane's user.",
      ]
}

function causeAnd(fix: string, said: string): GatewayErrorOptions {
  return { fix, cause: new Error(said.slice(-4_000)) }
}

/** The first lines hold the reason. Control characters could repaint the terminal or the log of whoever reads this. */
function lastWords(said: string): string {
  const lines = said.split('\n').filter((line) => !/complete log of this run/.test(line))
  const text = lines.map((line) => line.replace(/^npm (?:error|ERR!)\s*/, '')).join(' ')
  return text
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, 300)
}
