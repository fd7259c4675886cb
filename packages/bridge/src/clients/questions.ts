import type { PromptStreams } from '../terminal/prompts.ts'
import { untilInputEnds } from '../terminal/until-input-ends.ts'
import type { Client } from './client.ts'

/** Asks which clients; undefined when the person gave up. Loaded on demand: only people at a terminal are asked. */
export async function askForClients(
  message: string,
  {
    offered,
    chosen,
    streams,
  }: { offered: readonly Client[]; chosen: readonly Client[]; streams: PromptStreams },
): Promise<readonly Client[] | undefined> {
  const { isCancel, multiselect } = await import('@clack/prompts')
  const { stdin: input, stderr: output } = streams
  const answer = await untilInputEnds(input, (signal) =>
    multiselect({
      message,
      options: offered.map(({ id, name }) => ({ value: id, label: name })),
      initialValues: chosen.map(({ id }) => id),
      required: true,
      input,
      output,
      signal,
    }),
  )
  return isCancel(answer) ? undefined : offered.filter(({ id }) => answer.includes(id))
}

export async function askToGoOn(
  message: string,
  { stdin: input, stderr: output }: PromptStreams,
): Promise<boolean> {
  const { confirm, isCancel } = await import('@clack/prompts')
  const answer = await untilInputEnds(input, (signal) => confirm({ message, input, output, signal }))
  return !isCancel(answer) && answer
}
