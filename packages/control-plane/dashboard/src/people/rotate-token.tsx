import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { tell } from '../api/request.ts'
import { type IssuedToken, issuedTokenShape, type Token } from '../api/shapes.ts'
import { localDay } from '../format/times.ts'
import { Button } from '../parts/button.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { ErrorNotice } from '../parts/error-notice.tsx'
import { SelectField } from '../parts/fields.tsx'
import { Notice } from '../parts/notice.tsx'
import { LIFETIMES, lifetimeSeconds } from './lifetime.ts'
import { ShownToken } from './shown-token.tsx'
import { type TokenHome, tokensPath, useTokenRefresh } from './token-home.ts'
import { isLive } from './token-state.ts'
import { WhatEnds } from './what-ends.tsx'

interface Props {
  home: TokenHome
  token: Token
  onClose: () => void
}

/** Replaces a token by a new one that may do the same, and shows it once. */
export function RotateToken({ home, token, onClose }: Props) {
  const [issued, setIssued] = useState<IssuedToken>()
  return (
    <Dialog
      title={issued === undefined ? `Rotate "${token.name}"` : `New token "${token.name}"`}
      onClose={onClose}
    >
      {issued === undefined ? (
        <RotateForm home={home} token={token} onIssued={setIssued} onClose={onClose} />
      ) : (
        <ShownToken home={home} issued={issued} onClose={onClose} />
      )}
    </Dialog>
  )
}

interface FormProps extends Props {
  onIssued: (issued: IssuedToken) => void
}

function RotateForm({ home, token, onIssued, onClose }: FormProps) {
  const ends = endChoices(token)
  const [end, setEnd] = useState(ends[0]?.value ?? '30')
  const refresh = useTokenRefresh(home)
  const rotate = useMutation({
    mutationFn: () =>
      tell('POST', issuedTokenShape, [...tokensPath(home), token.id, 'rotate'], {
        expiresIn: end === 'keep' ? undefined : lifetimeSeconds({ choice: end, date: '' }, Date.now()),
      }),
    async onSuccess(issued) {
      onIssued(issued)
      await refresh()
    },
  })
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        rotate.mutate()
      }}
    >
      <Notice tone="warn" title="The old one stops at once">
        Whatever uses it is refused until it has the new one.
      </Notice>
      <WhatEnds home={home} token={token} />
      <SelectField label="The new one ends" value={end} onChange={setEnd} options={ends} />
      {rotate.isError && <ErrorNotice error={rotate.error} />}
      <div className="dialog-foot">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="danger" busy={rotate.isPending}>
          Replace it now
        </Button>
      </div>
    </form>
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
