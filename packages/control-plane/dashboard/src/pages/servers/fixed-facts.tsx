import type { Server } from '../../api/shapes.ts'
import { Notice } from '../../parts/notice.tsx'

/** Where a server is and how it is started: fixed, because its credential was given for just that. */
export function FixedFacts({ server }: { server: Server }) {
  const { url, transport, headers = {}, command, args = [], env = {}, sandbox, warning } = server
  const { package: ref } = server
  return (
    <>
      <p className="soft">
        A credential that was set for one address must not be sent to another by an edit. To move the server,
        remove it and add it again, with its credential.
      </p>
      <dl className="facts">
        {url !== undefined && <Fact name="URL" values={[url]} />}
        {transport !== undefined && (
          <Fact name="Transport" values={[transport === 'auto' ? 'found out' : transport]} />
        )}
        {Object.keys(headers).length > 0 && <Fact name="Headers" values={linesOf(headers, ': ')} />}
        {ref === undefined && command !== undefined && <Fact name="Command" values={[command]} />}
        {ref !== undefined && (
          <Fact
            name="Package"
            values={[ref.registryType, ref.identifier, ...(ref.version ? [ref.version] : [])]}
          />
        )}
        {args.length > 0 && <Fact name="Arguments" values={args} />}
        {Object.keys(env).length > 0 && <Fact name="Environment" values={linesOf(env, '=')} />}
        {sandbox !== undefined && (
          <Fact
            name="Sandbox"
            values={[sandbox.kind === 'none' ? 'none' : sandbox.kind, `network ${sandbox.network}`]}
          />
        )}
      </dl>
      {sandbox?.reason !== undefined && (
        <Notice
          tone={sandbox.kind === 'none' ? 'warn' : 'info'}
          title={sandbox.kind === 'none' ? 'It runs without a sandbox' : 'About the sandbox'}
        >
          {sandbox.reason}
        </Notice>
      )}
      {warning !== undefined && <Notice tone="warn">{warning}</Notice>}
    </>
  )
}

function linesOf(values: Readonly<Record<string, string>>, between: string): string[] {
  return Object.entries(values).map(([name, value]) => `${name}${between}${value}`)
}

function Fact({ name, values }: { name: string; values: readonly string[] }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        {values.map((value, index) => (
          <div key={index}>
            <code className="wrap">{value}</code>
          </div>
        ))}
      </dd>
    </>
  )
}
