import { useQuery } from '@tanstack/react-query'
import { serversQuery, toolsQuery } from '../../api/queries.ts'
import { CheckField, Choices, TextArea, TextField } from '../../parts/fields.tsx'
import { type RulesDraft, rulesOf, type ServerChoice } from './rules-draft.ts'
import { RulesPreview } from './rules-preview.tsx'

interface Props {
  slug: string
  draft: RulesDraft
  onChange: (draft: RulesDraft) => void
}

const SERVER_CHOICES: readonly { value: ServerChoice; label: string }[] = [
  { value: 'all', label: 'Every server, also those added later' },
  { value: 'only', label: 'Only these' },
  { value: 'except', label: 'All but these' },
]

/** What a token may reach beyond its role, with what that comes to in this workspace today. */
export function RulesFields({ slug, draft, onChange }: Props) {
  const tools = useQuery(toolsQuery(slug)).data?.items
  const change = (part: Partial<RulesDraft>) => onChange({ ...draft, ...part })
  return (
    <div className="stack">
      <Choices
        legend="Servers"
        value={draft.servers}
        onChange={(servers) => change({ servers })}
        options={SERVER_CHOICES}
      />
      {draft.servers !== 'all' && <ServerList slug={slug} draft={draft} change={change} />}
      <div className="columns narrow">
        <TextArea
          label="Only these tools"
          hint="One pattern a line, such as github/get_* or read_*. Empty: all."
          value={draft.allow}
          onChange={(allow) => change({ allow })}
          rows={3}
          mono
        />
        <TextArea
          label="Never these tools"
          hint="One pattern a line, such as delete_* or slack/*. Wins over the others."
          value={draft.deny}
          onChange={(deny) => change({ deny })}
          rows={3}
          mono
        />
      </div>
      <CheckField
        label="Only tools that say they change nothing"
        hint="As their servers mark them (read-only)."
        checked={draft.readOnly}
        onChange={(readOnly) => change({ readOnly })}
      />
      <RulesPreview tools={tools} rules={rulesOf(draft)} />
    </div>
  )
}

interface ListProps {
  slug: string
  draft: RulesDraft
  change: (part: Partial<RulesDraft>) => void
}

function ServerList({ slug, draft: { named, patterns }, change }: ListProps) {
  const servers = useQuery(serversQuery(slug)).data?.items ?? []
  const toggle = (name: string, on: boolean) =>
    change({ named: on ? [...named, name] : named.filter((other) => other !== name) })
  return (
    <fieldset>
      <legend className="aside">Which servers</legend>
      <div className="check-list">
        {servers.map(({ name }) => (
          <CheckField
            key={name}
            label={<span className="wrap">{name}</span>}
            checked={named.includes(name)}
            onChange={(on) => toggle(name, on)}
          />
        ))}
      </div>
      <TextField
        label="And by pattern"
        hint="Names with * for any run of characters, separated by commas: prod-*"
        value={patterns}
        onChange={(text) => change({ patterns: text })}
        autoComplete="off"
        spellCheck={false}
      />
    </fieldset>
  )
}
