import { useMutation } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { tell } from '../api/request.ts'
import { type IssuedToken, issuedTokenShape } from '../api/shapes.ts'
import { Dialog } from '../parts/dialog.tsx'
import { ShownToken } from './shown-token.tsx'
import { type TokenHome, useTokenRefresh } from './token-home.ts'

interface Props {
  home: TokenHome
  title: string
  /** Of the dialog that shows the token. */
  shownTitle: (issued: IssuedToken) => string
  wide?: boolean
  onClose: () => void
  form: (onIssued: (issued: IssuedToken) => void) => ReactNode
}

/** Asks what a token shall be, and shows it once. */
export function TokenDialog({ home, title, shownTitle, wide = false, onClose, form }: Props) {
  const [issued, setIssued] = useState<IssuedToken>()
  if (issued === undefined)
    return (
      <Dialog title={title} wide={wide} onClose={onClose}>
        {form(setIssued)}
      </Dialog>
    )
  return (
    <Dialog key="shown" title={shownTitle(issued)} onClose={onClose}>
      <ShownToken home={home} issued={issued} onClose={onClose} />
    </Dialog>
  )
}

/** Has a token made, hands it over, and has the lists of tokens read again. */
export function useIssuing(
  home: TokenHome,
  path: readonly string[],
  onIssued: (issued: IssuedToken) => void,
) {
  const refresh = useTokenRefresh(home)
  return useMutation({
    mutationFn: (asked: object) => tell('POST', issuedTokenShape, path, asked),
    async onSuccess(issued) {
      onIssued(issued)
      await refresh()
    },
  })
}
