/** What the admin API answered. `body` is read JSON, or pieces of text where the API sends a file. */
export interface AdminAnswer {
  status: number
  body: unknown
}

/** Sends one request to the admin API, wherever it runs. `path` is below `/api/v1`. */
export type AdminCall = (method: string, path: string, body?: unknown) => Promise<AdminAnswer>

/** Reads an HTTP response of the admin API, for whoever implements an `AdminCall`. */
export async function readAdminAnswer(response: Response): Promise<AdminAnswer> {
  const type = response.headers.get('content-type') ?? ''
  const { status, body } = response
  if (body === null) return { status, body: undefined }
  if (/^application\/(?:problem\+)?json\b/.test(type)) return { status, body: await response.json() }
  return { status, body: body.pipeThrough(new TextDecoderStream()) }
}
