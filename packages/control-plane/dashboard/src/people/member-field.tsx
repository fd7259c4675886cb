import { useQuery } from '@tanstack/react-query'
import { useId } from 'react'
import { membersQuery } from '../api/queries.ts'
import { TextField } from '../parts/fields.tsx'

interface Props {
  slug: string
  value: string
  onChange: (member: string) => void
  autoFocus?: boolean
}

/** Who it is for. Suggests the members there are, so that one person has one name in the log. */
export function MemberField({ slug, value, onChange, autoFocus = false }: Props) {
  const list = useId()
  const members = useQuery(membersQuery(slug)).data?.items ?? []
  return (
    <>
      <TextField
        label="Member"
        hint="The person or agent it is for, as the log shall call them."
        list={list}
        value={value}
        onChange={onChange}
        maxLength={200}
        autoComplete="off"
        autoFocus={autoFocus}
        required
      />
      <datalist id={list}>
        {members.map(({ member }) => (
          <option key={member} value={member} />
        ))}
      </datalist>
    </>
  )
}
