/**
 * Asks with a signal that aborts when no answer can come any more: Ctrl-D, or the end of the input. Without it a
 * prompt waits for ever while nothing else keeps the program alive, and Node ends it with the cursor hidden.
 */
export async function untilInputEnds<T>(
  input: NodeJS.ReadStream,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ended = new AbortController()
  const onEnd = () => ended.abort()
  const onKey = (_text: unknown, key: { ctrl?: boolean; name?: string } | undefined) => {
    if (key?.ctrl === true && key.name === 'd') ended.abort()
  }
  input.on('keypress', onKey).once('end', onEnd)
  try {
    return await ask(ended.signal)
  } finally {
    input.off('keypress', onKey).off('end', onEnd)
  }
}
