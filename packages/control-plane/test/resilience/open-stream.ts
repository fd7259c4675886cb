export interface OpenStream {
  status: number
  /** Everything received so far. */
  text(): string
  /** Resolves with the moment at which the gateway closed the stream, whichever way. */
  closed: Promise<number>
  /** Resolves when the text is part of what came. */
  holds(text: string): Promise<void>
}

/** Opens an HTTP answer that does not end by itself, and reads it as it comes. */
export async function openStream(url: string, init: RequestInit): Promise<OpenStream> {
  const response = await fetch(url, init)
  const waiting = new Map<string, () => void>()
  let received = ''
  async function read(): Promise<number> {
    const decoder = new TextDecoder()
    try {
      for await (const chunk of response.body ?? []) {
        received += decoder.decode(chunk, { stream: true })
        for (const [text, found] of waiting) if (received.includes(text)) found()
      }
    } catch {
      // A stream that is cut ends as well.
    }
    return performance.now()
  }
  return {
    status: response.status,
    text: () => received,
    closed: read(),
    holds: (text) =>
      new Promise((found) => {
        waiting.set(text, found)
        if (received.includes(text)) found()
      }),
  }
}
