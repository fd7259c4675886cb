import { Link, useNavigate } from '@tanstack/react-router'
import { Layers } from 'lucide-react'
import { SelectField } from '../../parts/fields.tsx'
import { CLIENTS } from './client-facts.ts'

/** A list of links where there is room, one field where there is none. */
export function ClientPicker({ current }: { current: string | undefined }) {
  return (
    <>
      <ClientLinks current={current} />
      <ClientField current={current} />
    </>
  )
}

function ClientField({ current = '' }: { current: string | undefined }) {
  const navigate = useNavigate()
  const choose = (client: string) =>
    void navigate({ to: '.', search: client === '' ? {} : { client }, resetScroll: false })
  const all = { value: '', label: 'All on this computer' }
  return (
    <div className="client-field">
      <SelectField
        label="AI client"
        value={current}
        onChange={choose}
        options={[all, ...CLIENTS.map(({ id, name }) => ({ value: id, label: name }))]}
      />
    </div>
  )
}

/** Each is a link, so that "how to connect Zed" can be sent to somebody. */
function ClientLinks({ current }: { current: string | undefined }) {
  return (
    <nav aria-label="AI clients" className="client-picker">
      <Link
        to="."
        search={{}}
        activeOptions={{ exact: true }}
        aria-current={current === undefined ? 'true' : undefined}
        resetScroll={false}
      >
        <span className="client-sign" aria-hidden="true">
          <Layers size={16} />
        </span>
        All on this computer
      </Link>
      {CLIENTS.map(({ id, name }) => (
        <Link
          key={id}
          to="."
          search={{ client: id }}
          aria-current={current === id ? 'true' : undefined}
          resetScroll={false}
        >
          <span className="client-sign" aria-hidden="true">
            {signOf(name)}
          </span>
          {name}
        </Link>
      ))}
    </nav>
  )
}

/** Two letters in place of a logo, which would be somebody else's. */
function signOf(name: string): string {
  const [first = '', second] = name.split(' ')
  return second === undefined ? first.slice(0, 2) : `${first.charAt(0)}${second.charAt(0)}`
}
