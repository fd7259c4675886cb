import type { Client } from './client.ts'

/** Asks which clients; undefined when the person gave up. Loaded on demand: only people at a terminal are asked. */
export async function askForClients(
  message: string,
  {
    offered,
    chosen,
    output,
  }: { offered: readonly Client[]; chosen: readonly Client[]; output: NodeJS.WriteStream },
): Promise<readonly Client[] | undefined> {
  const { isCancel, multiselect } = await import('@clack/prompts')
  const answer = await multiselect({
    message,
    options: offered.map(({ id, name }) => ({ value: id, label: name })),
    initialValues: chosen.map(({ id }) => id),
    required: true,
    output,
  })
  return isCancel(answer) ? undefined : offered.filter(({ id }) => answer.includes(id))
}

export async function askToGoOn(message: string, output: NodeJS.WriteStream): Promise<boolean> {
  const { confirm, isCancel } = await import('@clack/prompts')
  const answer = await confirm({ message, output })
  return !isCancel(answer) && answer
}
