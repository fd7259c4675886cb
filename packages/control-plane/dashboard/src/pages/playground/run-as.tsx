import { useQuery } from '@tanstack/react-query'
import { tokensQuery } from '../../api/queries.ts'
import type { Token } from '../../api/shapes.ts'
import { roleWord } from '../../parts/badge.tsx'
import { SelectField } from '../../parts/fields.tsx'
import { useMay, useSession } from '../../shell/session.tsx'

interface Props {
  slug: string
  /** An id; undefined for one's own. */
  token: string | undefined
  onChange: (token: string | undefined) => void
}

/** By whose rules the call is made. Nothing to choose for whoever has only their own. */
export function RunAs({ slug, token, onChange }: Props) {
  const may = useMay()
  const { member } = useSession()
  const tokens = useQuery({ ...tokensQuery(slug), enabled: may('token.manage') })
  if (!may('token.manage')) return null
  const live = tokens.data?.items.filter(isLive) ?? []
  const chosen = live.find(({ id }) => id === token)
  return (
    <SelectField
      label="Run as"
      hint={
        chosen === undefined
          ? 'With your own rights.'
          : `With the role and the rules of this token, in the name of ${chosen.member}. The log shows the call as one of this token, made by ${member} in the playground.`
      }
      value={token ?? ''}
      onChange={(id) => onChange(id === '' ? undefined : id)}
      options={[
        { value: '', label: `Myself (${member})` },
        ...live.map(({ id, name, member: owner, role }) => ({
          value: id,
          label: `${name}: ${owner}, ${roleWord(role)}`,
        })),
      ]}
    />
  )
}

function isLive({ revokedAt, expiresAt }: Token): boolean {
  return revokedAt === null && (expiresAt === null || Date.parse(expiresAt) > Date.now())
}
