import { ApiError } from '../api/api-error.ts'
import { Button } from './button.tsx'
import { Notice } from './notice.tsx'

/** What went wrong, and what to do about it. */
export function ErrorNotice({ error, retry }: { error: unknown; retry?: () => void }) {
  const { message, fix } = describe(error)
  return (
    <Notice tone="bad" title={message}>
      {fix !== undefined && <p>{fix}</p>}
      {retry !== undefined && (
        <p>
          <Button small onClick={retry}>
            Try again
          </Button>
        </p>
      )}
    </Notice>
  )
}

function describe(error: unknown): { message: string; fix?: string | undefined } {
  if (error instanceof ApiError) return { message: error.message, fix: error.fix }
  return {
    message: 'Something went wrong on this page.',
    fix: 'Reload it. If that does not help, tell an admin.',
  }
}
