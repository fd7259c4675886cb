import { fillTemplate, type Template } from '../catalog/template.ts'
import type { RemoteTarget } from '../model/server.ts'
import type { ClientEntry } from './client-entry.ts'
import { CredentialDraft } from './credential-draft.ts'
import { type Known, type KnownServers, needNamed, readTemplate, templateNamed } from './known-servers.ts'
import type { Proposal, Surroundings } from './propose-servers.ts'
import { resolveReferences } from './references.ts'
import { sealSecret, secretInUrl } from './secret-parts.ts'
import { serverNameFrom } from './server-name.ts'

type RemoteEntry = ClientEntry & { url: string }

/** Headers that the gateway writes by itself, and that some entries have. */
const WRITTEN_BY_GATEWAY = /^(?:accept|content-type|mcp-[a-z-]+)$/i

/** A server that a client reaches by URL. */
export function proposeRemote(entry: RemoteEntry, { known }: Surroundings): Proposal {
  const draft = new CredentialDraft()
  const address = addressOf(entry.url, known, draft)
  if ('reason' in address) return { verdict: 'refuse', ...address }
  const match = bestMatch(known.byAddress(address.url), { ...entry.headers, ...address.headers })
  const headers = { ...headersOf(entry.headers, match, draft), ...address.headers }
  const wanted = Object.keys(headers).length === 0 && match !== undefined ? headersWanted(match, draft) : {}
  return {
    verdict: 'take',
    target: {
      kind: 'remote',
      url: address.url,
      transport:
        entry.transport === 'auto'
          ? match?.deployment.transport === 'sse'
            ? 'sse'
            : 'auto'
          : entry.transport,
      headers: { ...headers, ...wanted },
      ...oauthOf(match, headers),
    },
    values: draft.values(),
    missing: draft.missing(),
    nameOtherwise: match?.id ?? serverNameFrom(nameOfHost(address.url)) ?? 'server',
    enabled: entry.enabled,
    tools: entry.tools,
    warnings: [...entry.warnings, ...address.warnings],
    ...(match !== undefined && { catalog: match.id }),
  }
}

type Address =
  | { url: string; headers: Record<string, string>; warnings: string[] }
  | { reason: string; fix: string }

function addressOf(written: string, known: KnownServers, draft: CredentialDraft): Address {
  let isComplete = true
  const url = resolveReferences(written, (_, standard) => {
    if (standard === undefined) isComplete = false
    return standard ?? ''
  })
  if (!isComplete) {
    return {
      reason: 'A part of its address is not in the text: the client looks it up.',
      fix: 'Write the address as it is, and import again.',
    }
  }
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url))
    return {
      reason: 'Its address is no web address.',
      fix: 'Correct it in the text, or leave this server where it is.',
    }
  const place = secretInUrl(url)
  if (place === undefined) return { url, headers: {}, warnings: [] }
  return (place === 'query' ? throughHeader(url, known, draft) : undefined) ?? secretInAddress(place)
}

function secretInAddress(place: 'login' | 'query' | 'path'): Address {
  const where = { login: 'as a login', query: 'in its query', path: 'in its path' }[place]
  return {
    reason: `Its address holds a secret ${where}, where it would be stored and shown in plain text.`,
    fix:
      place === 'path'
        ? 'If that part is no secret, add the server by URL. Otherwise look whether the vendor takes the secret in a header.'
        : "Look in the vendor's documentation for a header that takes the secret, write it in the text that way, and import again.",
  }
}

/** A secret in the query goes into the header that the catalog knows for this address, where there is one. */
function throughHeader(url: string, known: KnownServers, draft: CredentialDraft): Address | undefined {
  const parsed = new URL(url)
  const secrets = [...parsed.searchParams].filter(
    ([name, value]) => secretInUrl(`x://x?${new URLSearchParams([[name, value]])}`) !== undefined,
  )
  const [[name, value] = ['', '']] = secrets
  const header = known.byAddress(url).flatMap(({ deployment: { recipe, needs } }) => {
    const sealed = needs.filter(({ isSecret, goesInto }) => isSecret && goesInto.kind === 'header')
    return recipe.kind === 'remote' && sealed.length === 1
      ? recipe.headers.filter(({ text }) =>
          text.some((piece) => typeof piece === 'object' && piece.need === sealed[0]?.name),
        )
      : []
  })[0]
  if (secrets.length !== 1 || header === undefined) return undefined
  parsed.searchParams.delete(name)
  const text = fillTemplate(header.text, (need) => draft.seal(need, value))
  if (text === undefined) return undefined
  return {
    url: parsed.href,
    headers: { [header.name]: text },
    warnings: [`The secret in its address is sent as the header "${header.name}" instead.`],
  }
}

/** The one that takes the headers which are there; without any, the one that needs none. */
function bestMatch(matches: readonly Known[], headers: Readonly<Record<string, string>>): Known | undefined {
  const names = Object.keys(headers)
  const fitting = matches.find(
    ({ deployment: { recipe } }) =>
      recipe.kind === 'remote' && names.some((name) => templateNamed(recipe.headers, name) !== undefined),
  )
  return fitting ?? matches[0]
}

function headersOf(
  headers: Readonly<Record<string, string>>,
  match: Known | undefined,
  draft: CredentialDraft,
): Record<string, string> {
  const recipe = match?.deployment.recipe
  const texts = Object.entries(headers)
    .filter(([name]) => !WRITTEN_BY_GATEWAY.test(name))
    .map(([name, written]) => {
      const template = recipe?.kind === 'remote' ? templateNamed(recipe.headers, name) : undefined
      const text = resolveReferences(written, (wish, standard) => standard ?? draft.ask(wish))
      return [name, sealKnown({ name, text, template, match }, draft)]
    })
  return Object.fromEntries(texts)
}

interface Sealing {
  /** The header or variable. */
  name: string
  text: string
  template: Template | undefined
  match: Known | undefined
}

/** A text with its secrets sealed: those the catalog knows under its names, others by their look. */
export function sealKnown({ name, text, template, match }: Sealing, draft: CredentialDraft): string {
  const values = template === undefined || text.includes('{{') ? undefined : readTemplate(template, text)
  if (template === undefined || values === undefined || match === undefined)
    return sealSecret(name, text, draft)
  const filled = fillTemplate(template, (need) => {
    const value = values.get(need) ?? ''
    return needNamed(match.deployment, need)?.isSecret
      ? draft.seal(need, value)
      : sealSecret(need, value, draft)
  })
  // What is no need of the catalog may hold a secret all the same.
  return filled === undefined || filled === text ? sealSecret(name, text, draft) : filled
}

/** What the catalog says it cannot do without, where the entry has nothing of it. */
function headersWanted(
  { deployment: { recipe, needs } }: Known,
  draft: CredentialDraft,
): Record<string, string> {
  if (recipe.kind !== 'remote') return {}
  const required = new Set(
    needs.filter(({ isRequired, isSecret }) => isRequired && isSecret).map(({ name }) => name),
  )
  const texts = recipe.headers.flatMap(({ name, text }) => {
    const filled = fillTemplate(text, (need) => (required.has(need) ? draft.ask(need) : undefined))
    return filled?.includes('{{') ? [[name, filled]] : []
  })
  return Object.fromEntries(texts)
}

function oauthOf(
  match: Known | undefined,
  headers: Readonly<Record<string, string>>,
): Pick<RemoteTarget, 'oauth'> {
  const oauth = match?.deployment.oauth
  const bringsOwn = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')
  return oauth === undefined || bringsOwn ? {} : { oauth }
}

/** `https://mcp.linear.app/sse` is probably called `linear`. */
function nameOfHost(url: string): string {
  const { hostname } = new URL(url)
  if (/^[\d.:[\]]+$/.test(hostname)) return ''
  const parts = hostname.split('.').filter((part) => !['mcp', 'api', 'www', 'server', 'app'].includes(part))
  return parts.at(-2) ?? parts.at(-1) ?? ''
}
