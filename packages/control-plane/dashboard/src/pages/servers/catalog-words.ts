import type { CatalogItem, Deployment } from '../../api/shapes.ts'

/** Words that a category is not just its id with spaces for. */
const CATEGORY: Record<string, string> = {
  'ai-ml': 'AI and ML',
  'crm-sales': 'CRM and sales',
  'crypto-web3': 'Crypto',
  'design-media': 'Design and media',
  'documents-storage': 'Documents and storage',
  ecommerce: 'E-commerce',
  'hr-legal': 'HR and legal',
  'maps-travel': 'Maps and travel',
  'payments-finance': 'Payments and finance',
  'science-health': 'Science and health',
  'search-web': 'Search and web',
}

export function categoryWord(category: string): string {
  const plain = category.replaceAll('-', ' ')
  return CATEGORY[category] ?? plain.charAt(0).toUpperCase() + plain.slice(1)
}

const AUTH: Record<string, string> = {
  none: 'No key needed',
  header: 'API key',
  environment: 'API key',
  oauth: 'Login',
  url: 'Key in the address',
}

export const AUTH_CHOICES = [
  { value: 'none', label: 'No key needed' },
  { value: 'header', label: 'Key in a header' },
  { value: 'environment', label: 'Key in a variable' },
  { value: 'oauth', label: 'Login' },
] as const

/** By the way that is preferred. */
export function authWord(auth: string | undefined): string {
  return AUTH[auth ?? 'none'] ?? 'Key'
}

const KIND: Record<string, string> = {
  remote: 'Remote',
  npm: 'npm package',
  pypi: 'Python package',
  oci: 'Container image',
}

export const KIND_CHOICES = Object.entries(KIND).map(([value, label]) => ({ value, label }))

export function kindWord(kind: string | undefined): string {
  return KIND[kind ?? ''] ?? 'Server'
}

const VERIFIED: Record<string, string> = {
  'listed-tools': 'started and listed its tools',
  answered: 'answered',
  published: 'found in its registry',
  source: 'stated by its source',
}

/** What was done last to see that the entry is true. */
export function verifiedWords({ verified }: Pick<CatalogItem, 'verified'>): string | undefined {
  const last = verified.toSorted((a, b) => b.at.localeCompare(a.at))[0]
  return last && `Verified ${last.at}: ${VERIFIED[last.how] ?? last.how}`
}

const REMOTE_AUTH: Record<string, string> = {
  none: 'no key needed',
  header: 'by API key',
  oauth: 'by login',
}

/** What one chooses by, where there are several ways. */
export function deploymentWords({ kind, auth, label, package: name, version, url }: Deployment) {
  const place = name === undefined ? url : version === undefined ? name : `${name} ${version}`
  return {
    label: [kindWord(kind), label, kind === 'remote' ? (REMOTE_AUTH[auth] ?? 'key') : undefined]
      .filter((word) => word !== undefined)
      .join(', '),
    ...(place !== undefined && { hint: place }),
  }
}
