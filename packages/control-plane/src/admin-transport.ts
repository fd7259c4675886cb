import { Client } from 'undici'
import { type AdminCall, readAdminAnswer } from './cli/admin-call.ts'
import { LOCAL_OPERATOR } from './control-socket.ts'

interface AdminFetch {
  fetch(request: Request, bindings: { principal: typeof LOCAL_OPERATOR }): Response | Promise<Response>
}

/** Calls the admin API of this very process. */
export function callInProcess(admin: AdminFetch): AdminCall {
  return async (method, path, body) =>
    readAdminAnswer(await admin.fetch(adminRequest(method, path, body), { principal: LOCAL_OPERATOR }))
}

function adminRequest(method: string, path: string, body: unknown): Request {
  const init: RequestInit = { method }
  if (method !== 'GET') {
    init.headers = { 'content-type': 'application/json' }
    init.body = JSON.stringify(body ?? {})
  }
  return new Request(`http://localhost/api/v1${path}`, init)
}

/** Calls the admin API of the control plane that runs on a data folder, through its socket. */
export function callThroughSocket(socketPath: string): AdminCall & AsyncDisposable {
  const client = new Client('http://localhost', { socketPath })
  const call: AdminCall = async (method, path, body) => {
    const json = method === 'GET' ? undefined : JSON.stringify(body ?? {})
    const response = await client.request({
      method: method as 'GET',
      path: `/api/v1${path}`,
      headers: json === undefined ? {} : { 'content-type': 'application/json' },
      body: json ?? null,
    })
    const { statusCode: status, headers } = response
    const isEmpty = status === 204
    const type = String(headers['content-type'] ?? '')
    // undici's body is a Node stream; the answer is read as a web one.
    const text = isEmpty ? null : (ReadableStream.from(response.body) as ReadableStream)
    return readAdminAnswer(new Response(text, { status, headers: { 'content-type': type } }))
  }
  return Object.assign(call, { [Symbol.asyncDispose]: () => client.close() })
}
