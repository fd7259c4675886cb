import { SecretField, SelectField, TextArea, TextField } from '../../parts/fields.tsx'
import { Notice } from '../../parts/notice.tsx'
import { EntryRows } from './entry-rows.tsx'
import { argumentsOf, type HostedDraft, namesNeeded, type Place } from './new-server.ts'
import { NameField } from './remote-server-form.tsx'

interface Props {
  draft: HostedDraft
  onChange: (draft: HostedDraft) => void
  mistakes: Partial<Record<Place, string>>
}

export function HostedServerForm({ draft, onChange, mistakes }: Props) {
  const set = (change: Partial<HostedDraft>) => onChange({ ...draft, ...change })
  return (
    <>
      <Notice tone="warn" title="The control plane runs this program on its own machine">
        Give a program you trust. Where the machine has a sandbox, it runs inside of it.
      </Notice>
      <NameField value={draft.name} mistake={mistakes.name} onChange={(name) => set({ name })} />
      <TextField
        label="Command"
        hint="The program alone. There is no shell: no pipes, no variables."
        value={draft.command}
        onChange={(command) => set({ command })}
        mistake={mistakes.command}
        autoComplete="off"
        spellCheck={false}
        maxLength={1024}
        required
      />
      <TextArea
        label="Arguments"
        hint="One per line. {{NAME}} is replaced by the credential's value of that name."
        value={draft.args}
        onChange={(args) => set({ args })}
        mistake={mistakes.args}
        mono
      />
      <EntryRows
        legend="Environment"
        hint="The program gets these variables and no others."
        noun="variable"
        entries={draft.env}
        onChange={(env) => set({ env })}
        mistake={mistakes.env}
      />
      <TypedPlaceholders draft={draft} onChange={set} />
      <SelectField
        label="Network"
        hint="What the program can reach."
        value={draft.network}
        onChange={(network) => set({ network })}
        options={[
          { value: 'default', label: 'As usual: filtered in a sandbox, open without one' },
          { value: 'filtered', label: 'Filtered: only public addresses' },
          { value: 'open', label: 'Open: everything the machine reaches' },
          { value: 'none', label: 'None' },
        ]}
      />
    </>
  )
}

/** Values for `{{NAME}}` in what was typed, apart from variables that are secrets themselves. */
function TypedPlaceholders({
  draft,
  onChange,
}: {
  draft: HostedDraft
  onChange: (change: Partial<HostedDraft>) => void
}) {
  const open = draft.env.filter(({ secret }) => !secret)
  const names = namesNeeded({
    args: argumentsOf(draft.args),
    env: Object.fromEntries(open.map(({ id, value }) => [String(id), value])),
  })
  return names.map((name) => (
    <SecretField
      key={name}
      label={name}
      hint="For the placeholder above. Sealed in the vault; never shown again."
      value={draft.values[name] ?? ''}
      onChange={(value) => onChange({ values: { ...draft.values, [name]: value } })}
      required
    />
  ))
}
