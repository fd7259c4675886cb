import { useState } from 'react'
import type { IssuedToken, Token } from '../api/shapes.ts'
import { localDay } from '../format/times.ts'
import { DialogForm } from '../parts/dialog-form.tsx'
import { SelectField } from '../parts/fields.tsx'
import { Notice } from '../parts/notice.tsx'
import { LIFETIMES, lifetimeSeconds } from './lifetime.ts'
import { TokenDialog, useIssuing } from './token-dialog.tsx'
import { type TokenHome, tokensPath } from './token-home.ts'
import { isLive } from './token-state.ts'
import { WhatEnds } from './what-ends.tsx'

interface Props {
  home: TokenHome
  token: Token
  onClose: () => void
}

/** Replaces a token by a new one that may do the same, and shows it once. */
export function RotateToken(props: Props) {
  const { name } = props.token
  return (
    <TokenDialog
      home={props.home}
      title={`Rotate "${name}"`}
      shownTitle={() => `New token "${name}"`}
      onClose={props.onClose}
      form={(onIssued) => <RotateForm {...props} onIssued={onIssued} />}
    />
  )
}

interface FormProps extends Props {
  onIssued: (issued: IssuedToken) => void
}

function RotateForm({ home, token, onIssued, onClose }: FormProps) {
  const ends = endChoices(token)
  const [end, setEnd] = useState(ends[0]?.value ?? '30')
  const rotating = useIssuing(home, [...tokensPath(home), token.id, 'rotate'], onIssued)
  const rotate = () =>
    rotating.mutate({
      expiresIn: end === 'keep' ? undefined : lifetimeSeconds({ choice: end, date: '' }, Date.now()),
    })
  return (
    <DialogForm action="Replace it now" look="danger" sending={rotating} onSubmit={rotate} onCancel={onClose}>
      <Notice tone="warn" title="The old one stops at once">
        Whatever uses it is refused until it has the new one.
      </Notice>
      <WhatEnds home={home} token={token} />
      <SelectField label="The new one ends" value={end} onChange={setEnd} options={ends} />
    </DialogForm>
  )
}

/** As it was, unless that is over, or in some days from now. */
function endChoices(token: Token): { value: string; label: string }[] {
  const days = LIFETIMES.filter(({ value }) => Number(value) > 0).map(({ value, label }) => ({
    value: value as string,
    label: `In ${label}`,
  }))
  if (!isLive(token)) return days
  const label = token.expiresAt === null ? 'Never, as before' : `On ${localDay(token.expiresAt)}, as before`
  return [{ value: 'keep', label }, ...days]
}
