import '../../people/people.css'
import './settings.css'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { workspaceQuery } from '../../api/queries.ts'
import { Card } from '../../parts/card.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Page } from '../../parts/page.tsx'
import { Snippet } from '../../parts/snippet.tsx'
import { Time } from '../../parts/time.tsx'
import { workspaceUrl } from '../../people/workspace-url.ts'
import { useMay } from '../../shell/session.tsx'
import { CaptureCard } from './capture-card.tsx'
import { LogCard } from './log-card.tsx'
import { NameForm } from './name-form.tsx'
import { RemoveCard } from './remove-card.tsx'
import { RetentionCard } from './retention-card.tsx'

export function SettingsPage() {
  const { slug } = useParams({ from: '/inside/w/$slug/settings' })
  const workspace = useQuery(workspaceQuery(slug))
  const may = useMay()
  return (
    <Page title="Settings" lead="What this workspace is called, and what its log keeps.">
      <Loaded query={workspace} height="24rem">
        {(shown) => (
          <>
            <Card title="Workspace">
              <NameForm key={shown.slug} workspace={shown} />
              <div className="stack close">
                <span className="strong">URL</span>
                <Snippet text={workspaceUrl(slug)} fold />
                <span className="hint">
                  It stays as it is, because clients have it. Made <Time at={shown.createdAt} />.
                </span>
              </div>
            </Card>
            <CaptureCard workspace={shown} />
            <RetentionCard key={`${shown.slug} ${shown.audit.retentionDays}`} workspace={shown} />
            {may('audit.verify') && <LogCard slug={slug} />}
            {may('workspace.remove') && <RemoveCard workspace={shown} />}
          </>
        )}
      </Loaded>
    </Page>
  )
}
