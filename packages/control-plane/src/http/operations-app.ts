import { Hono } from 'hono'

export interface OperationsContext {
  /** False before the doors are open and while the process is asked to stop. */
  isReady(): boolean
  /** Rejects unless the database answers. */
  ping(): Promise<void>
}

/** In the form of the admin API's errors. Who is here by mistake is nearly always a client with a wrong URL. */
const NOTHING_HERE = {
  type: 'urn:mcpgw:error:not_found',
  title: 'There is no such thing',
  status: 404,
  code: 'not_found',
  detail: 'There is nothing at this address.',
  fix: 'MCP clients use /ws/WORKSPACE, with the name of the workspace in small letters; the admin API is under /api/v1.',
}

/** What operators ask: is the process alive, and may requests be sent to it. */
export function createOperationsApp({ isReady, ping }: OperationsContext): Hono {
  const app = new Hono()
  app.get('/healthz', (c) => c.json({ status: 'ok' }))
  app.get('/readyz', async (c) => {
    const works =
      isReady() &&
      (await ping().then(
        () => true,
        () => false,
      ))
    return works ? c.json({ status: 'ready' }) : c.json({ status: 'not ready' }, 503)
  })
  app.notFound((c) => c.json(NOTHING_HERE, 404, { 'content-type': 'application/problem+json' }))
  return app
}
