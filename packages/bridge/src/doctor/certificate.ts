import { checkServerIdentity, type DetailedPeerCertificate } from 'node:tls'
import { failed, type Observation, ok, warning } from './finding.ts'
import type { Handshake } from './tls-handshake.ts'

const dayMs = 86_400_000
const soonDays = 14

/** An objection that another list of authorities may lift. */
export function isUnknownIssuer(objection: string | undefined): boolean {
  return objection !== undefined && unknownIssuer.has(objection)
}

const unknownIssuer: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** Everything there is to say about the certificate a gateway showed. Several things can be wrong with it at once. */
export function judgeCertificate(
  { certificate, objection, protocol }: Handshake,
  surroundings: { host: string; now: number; trustedBy: string; caFile: string | undefined },
): Observation[] {
  const { host, now, trustedBy } = surroundings
  const troubles = [
    isUnknownIssuer(objection) ? unknown(certificate, surroundings.caFile) : undefined,
    judgeDates(certificate, now),
    judgeName(certificate, host),
  ].filter((trouble) => trouble !== undefined)
  if (troubles.length > 0) return troubles
  if (objection !== undefined)
    return [failed(`The certificate is not good: ${objection}.`, renew, 'unreachable')]
  const daysLeft = Math.floor((Date.parse(certificate.valid_to) - now) / dayMs)
  const issuer = `issued by ${issuerOf(certificate)}, which ${trustedBy} vouch for`
  if (daysLeft < soonDays) {
    return [warning(`The certificate ends in ${days(daysLeft)} (${issuer}).`, renew)]
  }
  return [ok(`${protocol}; the certificate has ${days(daysLeft)} left, ${issuer}`)]
}

const renew = 'Have the certificate of the gateway renewed.'

function judgeDates({ valid_from, valid_to }: DetailedPeerCertificate, now: number): Observation | undefined {
  const fix = `If the clock of this machine is right: ${renew.charAt(0).toLowerCase()}${renew.slice(1)}`
  if (now > Date.parse(valid_to)) {
    return failed(`The certificate expired on ${dayOf(valid_to)}.`, fix, 'unreachable')
  }
  if (now < Date.parse(valid_from)) {
    return failed(`The certificate is not valid before ${dayOf(valid_from)}.`, fix, 'unreachable')
  }
  return undefined
}

function judgeName(certificate: DetailedPeerCertificate, host: string): Observation | undefined {
  if (checkServerIdentity(host, certificate) === undefined) return undefined
  const names = certificate.subjectaltname?.replaceAll(/\b(DNS|IP Address):/g, '') ?? subjectOf(certificate)
  return failed(
    `The certificate is for another name: ${names}, not ${host}.`,
    'Use a name of the certificate in the workspace URL, or have this name added to the certificate.',
    'unreachable',
  )
}

function unknown(certificate: DetailedPeerCertificate, caFile: string | undefined): Observation {
  const tried = caFile === undefined ? '' : ` It is not among those in ${caFile}.`
  return failed(
    `Nobody this machine trusts vouches for the issuer of the certificate, ${issuerOf(certificate)}.${tried}`,
    'Ask for the certificate of that authority, set NODE_EXTRA_CA_CERTS to its file, and log in again: the login remembers it.',
    'unreachable',
  )
}

function issuerOf({ issuer }: DetailedPeerCertificate): string {
  return nameIn(issuer)
}

function subjectOf({ subject }: DetailedPeerCertificate): string {
  return nameIn(subject)
}

function nameIn({ CN, O }: DetailedPeerCertificate['issuer']): string {
  const words = [CN, O].flat().filter((word) => word !== undefined && word !== '')
  return words.length === 0 ? 'somebody without a name' : `"${words.join(', ')}"`
}

function days(count: number): string {
  return count === 1 ? '1 day' : `${count} days`
}

function dayOf(text: string): string {
  return new Date(text).toISOString().slice(0, 10)
}
