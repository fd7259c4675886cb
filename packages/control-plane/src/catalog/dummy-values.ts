import type { Need } from './need.ts'
import type { SamplePath } from './sample-files.ts'

/**
 * Something that looks like what a server asks for, so that it starts and lists its tools. Optional things that are no
 * secret are left out: what they change is not known.
 */
export function dummyValues(needs: readonly Need[], samplePath: SamplePath): Record<string, string> {
  const asked = needs.filter(({ isRequired, isSecret }) => isRequired || isSecret)
  return Object.fromEntries(asked.map((need) => [need.name, dummyValue(need, samplePath)]))
}

const BY_NAME: [RegExp, string][] = [
  [/^DT_PLATFORM_TOKEN$/, 'dt0s16.DUMMY.DUMMY'],
  [/^DT_ENVIRONMENT$/, 'https://abc12345.apps.dynatrace.com'],
  [/^TWILIO|ACCOUNT_SID/i, `AC${'0'.repeat(32)}`],
  // The one kind of database that is there wherever its driver is.
  [/^DSN$/, 'sqlite:///:memory:'],
  [/MDB|MONGO/i, 'mongodb://127.0.0.1:27017/db'],
  [/POSTGRES|DATABASE_URL|CONNECTION_?STRING|DSN/i, 'postgres://user:password@127.0.0.1:5432/db'],
  [/^PRIVATE_KEY$|WALLET.*KEY/i, `0x${'1'.repeat(64)}`],
  [/SLACK.*TOKEN/i, 'xoxb-0000-dummy'],
  [/E?MAIL/i, 'someone@example.com'],
  [/URL|ENDPOINT|HOST|INSTANCE|BASE_?PATH/i, 'https://service.example.com'],
  [/PORT$/i, '8080'],
]

function dummyValue(
  { name, format, choices, default: usual, placeholder = '' }: Need,
  path: SamplePath,
): string {
  const [first] = choices ?? []
  if (usual !== undefined || first !== undefined) return usual ?? first ?? ''
  if (format === 'number') return '1'
  if (format === 'boolean') return 'true'
  if (format === 'filepath') return path(name)
  if (/^[\w.:/@,-]+$/.test(placeholder)) return placeholder
  return BY_NAME.find(([pattern]) => pattern.test(name))?.[1] ?? `dummy${'0'.repeat(27)}`
}
