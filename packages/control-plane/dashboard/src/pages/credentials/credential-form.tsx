import { useMutation } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { checkServer, putCredential } from '../../api/servers.ts'
import type { Server } from '../../api/shapes.ts'
import { useRefresh } from '../../api/use-refresh.ts'
import { Button } from '../../parts/button.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { SecretField, TextField } from '../../parts/fields.tsx'
import { Notice } from '../../parts/notice.tsx'
import { namesNeeded, namesToChooseFrom } from '../servers/new-server.ts'
import { namesOf } from './credential-state.ts'

interface Props {
  slug: string
  server: Server
  /** The new values were tried: this is what came of it. */
  onChecked: (server: Server, warning: string | undefined) => void
}

/** Fields for exactly the values that a server asks for. Saving replaces all that was there, and tries it at once. */
export function CredentialForm({ slug, server, onChecked }: Props) {
  const needed = namesNeeded(server)
  const choice = namesToChooseFrom(server)
  const kept = namesOf(server).filter((name) => !needed.includes(name) && !choice.includes(name))
  const [more, setMore] = useState<readonly string[]>([])
  const [values, setValues] = useState<Readonly<Record<string, string>>>({})
  const refresh = useRefresh()
  const save = useMutation({
    async mutationFn() {
      const given = Object.entries(values).filter(([, value]) => value !== '')
      const { warning } = await putCredential(slug, server.name, Object.fromEntries(given))
      const checked = await checkServer(slug, server.name)
      await refresh(slug)
      setValues({})
      onChecked(checked, warning)
    },
  })
  const field = (name: string, hint?: string) => (
    <SecretField
      key={name}
      label={<code>{name}</code>}
      {...(hint !== undefined && { hint })}
      value={values[name] ?? ''}
      onChange={(value) => setValues({ ...values, [name]: value })}
      required={hint === undefined}
    />
  )
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate()
      }}
    >
      {needed.map((name) => field(name))}
      {choice.map((name) => field(name, 'Some operations take it. Left empty, it is forgotten.'))}
      {[...kept, ...more].map((name) =>
        field(name, 'The server does not ask for it. Left empty, it is forgotten.'),
      )}
      <AnotherName
        taken={[...needed, ...choice, ...kept, ...more]}
        onAdd={(name) => setMore([...more, name])}
      />
      <Notice>
        All values are replaced together. They are sealed in the vault and never shown again, to anybody.
        Calls use the new ones at once.
      </Notice>
      {save.isError && <ErrorNotice error={save.error} />}
      <div className="dialog-foot">
        <Button
          type="submit"
          look="main"
          busy={save.isPending}
          disabled={!Object.values(values).some((value) => value !== '')}
        >
          {save.isPending ? 'Saving and checking' : 'Save and check'}
        </Button>
      </div>
    </form>
  )
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/

function AnotherName({ taken, onAdd }: { taken: readonly string[]; onAdd: (name: string) => void }) {
  const [name, setName] = useState('')
  const [mistake, setMistake] = useState<string>()
  const add = () => {
    if (!NAME.test(name)) return setMistake('Letters, digits and "_", and no digit first.')
    if (taken.includes(name)) return setMistake('There is already a value of this name.')
    onAdd(name)
    setName('')
  }
  return (
    <details className="disclosure">
      <summary>Add another value</summary>
      <div className="stack close">
        <TextField
          label="Name"
          value={name}
          mistake={mistake}
          onChange={(text) => {
            setName(text)
            setMistake(undefined)
          }}
          autoComplete="off"
          spellCheck={false}
        />
        <div>
          <Button small onClick={add}>
            <Plus size={15} aria-hidden="true" />
            Add
          </Button>
        </div>
      </div>
    </details>
  )
}
