import { useState } from 'react'
import { Choices, SecretField, SelectField, TextField } from '../../parts/fields.tsx'
import { EntryRows } from './entry-rows.tsx'
import { type Auth, EMPTY_REMOTE, nameFromUrl, type Place, type RemoteDraft } from './new-server.ts'

interface Props {
  draft: RemoteDraft
  onChange: (draft: RemoteDraft) => void
  mistakes: Partial<Record<Place, string>>
}

export function RemoteServerForm({ draft, onChange, mistakes }: Props) {
  // The name follows the URL until somebody types one.
  const [named, setNamed] = useState(draft.name !== EMPTY_REMOTE.name)
  const set = (change: Partial<RemoteDraft>) => onChange({ ...draft, ...change })
  return (
    <>
      <TextField
        label="URL"
        hint="Where the server speaks MCP, such as https://mcp.example.com/mcp"
        value={draft.url}
        onChange={(url) => set({ url, ...(!named && { name: nameFromUrl(url) }) })}
        mistake={mistakes.url}
        inputMode="url"
        autoComplete="off"
        spellCheck={false}
        maxLength={2048}
        autoFocus
        required
      />
      <NameField
        value={draft.name}
        mistake={mistakes.name}
        onChange={(name) => {
          setNamed(true)
          set({ name })
        }}
      />
      <Choices<Auth>
        legend="Credential"
        value={draft.auth}
        onChange={(auth) => set({ auth })}
        options={[
          { value: 'none', label: 'None', hint: 'The server is open to whoever reaches it.' },
          { value: 'bearer', label: 'Bearer token', hint: 'Sent as Authorization: Bearer …' },
          { value: 'header', label: 'Header', hint: 'Another header holds the key.' },
          { value: 'login', label: 'Login', hint: 'By OAuth: you log in there once it is added.' },
          {
            value: 'login-by-hand',
            label: 'Login with a client of ours',
            hint: 'For servers at which a client has to be registered by hand first.',
          },
        ]}
      />
      {draft.auth === 'header' && (
        <TextField
          label="Name of the header"
          value={draft.header}
          onChange={(header) => set({ header })}
          autoComplete="off"
          spellCheck={false}
          required
        />
      )}
      {(draft.auth === 'bearer' || draft.auth === 'header') && (
        <SecretField
          label={draft.auth === 'bearer' ? 'Token' : 'Value'}
          hint="Sealed in the vault and sent to this server only. It is never shown again, to anybody."
          value={draft.secret}
          onChange={(secret) => set({ secret })}
          required
        />
      )}
      <details
        className="disclosure"
        open={mistakes.headers !== undefined || draft.more.length > 0 || undefined}
      >
        <summary>Transport and more headers</summary>
        <div className="stack">
          <SelectField
            label="Transport"
            value={draft.transport}
            onChange={(transport) => set({ transport })}
            options={[
              { value: 'auto', label: 'Find out (recommended)' },
              { value: 'streamable-http', label: 'Streamable HTTP' },
              { value: 'sse', label: 'HTTP with server-sent events (older servers)' },
            ]}
          />
          <EntryRows
            legend="More headers"
            hint="Everybody who manages servers can read what is not marked as a secret."
            noun="header"
            entries={draft.more}
            onChange={(more) => set({ more })}
            mistake={mistakes.headers}
          />
        </div>
      </details>
    </>
  )
}

export function NameField({
  value,
  onChange,
  mistake,
}: {
  value: string
  onChange: (name: string) => void
  mistake: string | undefined
}) {
  return (
    <TextField
      label="Name"
      hint={`Lower-case letters, digits and "-". Its tools are shown as ${value === '' ? 'name' : value}__tool; it cannot be changed later.`}
      value={value}
      onChange={onChange}
      mistake={mistake}
      autoComplete="off"
      spellCheck={false}
      maxLength={32}
      required
    />
  )
}
