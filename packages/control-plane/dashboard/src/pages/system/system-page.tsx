import '../../people/people.css'
import './system.css'
import { useQuery } from '@tanstack/react-query'
import { systemQuery } from '../../api/queries.ts'
import type { System } from '../../api/shapes.ts'
import { bytes, count, duration } from '../../format/numbers.ts'
import { Card } from '../../parts/card.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Notice } from '../../parts/notice.tsx'
import { Page } from '../../parts/page.tsx'
import { Stat } from '../../parts/stat.tsx'
import { Time } from '../../parts/time.tsx'
import { MasterKeyCard } from './master-key-card.tsx'
import { OwnerTokensCard } from './owner-tokens-card.tsx'
import { PaceNotice, SLOW_MS } from './pace-notice.tsx'

const ASK_EVERY_MS = 10_000

/** How the installation is doing, and what only its owners may touch. */
export function SystemPage() {
  const system = useQuery({ ...systemQuery, refetchInterval: ASK_EVERY_MS })
  return (
    <Page title="System" lead="How this installation is doing, its master key, and who owns it.">
      <Loaded query={system} height="24rem">
        {(shown) => (
          <>
            <Figures system={shown} />
            <PaceNotice ms={shown.eventLoopMs.p99} />
            <MasterKeyCard masterKey={shown.masterKey} />
            <div className="columns">
              <SandboxCard sandbox={shown.sandbox} />
              <LogCard log={shown.log} />
            </div>
          </>
        )}
      </Loaded>
      <OwnerTokensCard />
    </Page>
  )
}

function Figures({ system }: { system: System }) {
  const { version, node, startedAt, database, eventLoopMs, memoryBytes, workspaces, servers } = system
  return (
    <div className="system-figures">
      <Stat label="Version" value={version} hint={`Node ${node.replace(/^v/, '')}`} />
      <Stat
        label="Running since"
        value={<Time at={startedAt} />}
        hint={<Time at={startedAt} as="moment" />}
      />
      <Stat
        label="Database"
        value={database.sizeBytes === null ? databaseWord(database.kind) : bytes(database.sizeBytes)}
        hint={[databaseWord(database.kind), database.version].filter(Boolean).join(' ')}
      />
      <Stat label="Memory" value={bytes(memoryBytes)} hint="of the whole process" />
      <Stat
        label="Event loop delay"
        value={duration(eventLoopMs.p99)}
        hint={`99 in 100 are shorter, half under ${duration(eventLoopMs.p50)}`}
        {...(eventLoopMs.p99 > SLOW_MS && { tone: 'warn' as const })}
      />
      <Stat
        label="Workspaces"
        value={count(workspaces)}
        hint={servers === 1 ? '1 server' : `${count(servers)} servers`}
      />
    </div>
  )
}

function databaseWord(kind: string): string {
  return kind === 'postgres' ? 'PostgreSQL' : 'SQLite'
}

function SandboxCard({ sandbox }: { sandbox: System['sandbox'] }) {
  const isApart = sandbox !== null && sandbox.kind !== 'none' && sandbox.kind !== 'off'
  return (
    <Card title="Hosted servers">
      {isApart && (
        <Notice tone="good" title="Each runs in a sandbox">
          It sees its own folder and the programs it needs, and neither the data of this installation nor the
          other servers ({sandbox.kind}).
        </Notice>
      )}
      {sandbox?.kind === 'none' && (
        <Notice tone="warn" title="They run without a sandbox">
          <p>{sandbox.reason}</p>
          <p>Until then, host only servers whose code you would run as this user yourself.</p>
        </Notice>
      )}
      {(sandbox === null || sandbox.kind === 'off') && (
        <p className="soft">This installation runs no servers itself. Remote ones are not affected.</p>
      )}
    </Card>
  )
}

function LogCard({ log: { checkpoints, retentionDays } }: { log: System['log'] }) {
  return (
    <Card title="The logs">
      <dl className="facts">
        <dt>Kept for</dt>
        <dd>
          {retentionDays === null ? 'Ever' : `${count(retentionDays)} days`}
          <span className="soft"> unless a workspace says otherwise</span>
        </dd>
        <dt>Checkpoints</dt>
        <dd>{checkpoints ?? 'Not sent anywhere'}</dd>
      </dl>
      {checkpoints === null && (
        <p className="soft small">
          Whoever can write the database could write a whole new log. Signed checkpoints that are kept
          elsewhere show that: start the control plane with <code>--audit-checkpoints</code>.
        </p>
      )}
    </Card>
  )
}
