import { useMutation } from '@tanstack/react-query'
import { changeServer } from '../../api/servers.ts'
import type { Server } from '../../api/shapes.ts'
import { useRefresh } from '../../api/use-refresh.ts'
import { Choices } from '../../parts/fields.tsx'
import { useSay } from '../../parts/toasts.tsx'

type Choice = Server['pin'] | 'default'

/** What happens to a tool whose definition is not the one that was approved. Acts at once. */
export function PinChooser({ slug, server }: { slug: string; server: Server }) {
  const refresh = useRefresh()
  const say = useSay()
  const choose = useMutation({
    async mutationFn(choice: Choice) {
      await changeServer(slug, server.name, { pin: choice === 'default' ? null : choice })
      await refresh(slug)
      say.done('Saved.')
    },
    onError: say.failed,
  })
  const value: Choice = choose.isPending
    ? choose.variables
    : server.pinSetBy === 'default'
      ? 'default'
      : server.pin
  return (
    <Choices<Choice>
      legend="A server can change what a tool says of itself after you have approved it"
      value={value}
      onChange={(choice) => choose.mutate(choice)}
      options={[
        {
          value: 'default',
          label: 'As usual',
          hint: defaultHint(server),
        },
        {
          value: 'enforce',
          label: 'Hold back',
          hint: 'Clients see the tool again when somebody approved the change.',
        },
        {
          value: 'warn',
          label: 'Warn',
          hint: 'Clients go on using it, with the new definition; the change is listed here.',
        },
        {
          value: 'off',
          label: 'Do not look',
          hint: 'Changes go through unseen. For servers that you write yourself.',
        },
      ]}
    />
  )
}

function defaultHint({ pin, pinSetBy }: Server): string {
  const rule = 'Holds changes back where the server has a credential, and warns where it has none.'
  if (pinSetBy === 'you') return rule
  return `${rule} Now: ${pin === 'enforce' ? 'it holds back' : 'it warns'}.`
}
