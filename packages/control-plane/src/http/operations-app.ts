import { Hono } from 'hono'

export interface OperationsContext {
  /** False before the doors are open and while the process is asked to stop. */
  isReady(): boolean
  /** Rejects unless the database answers. */
  ping(): Promise<void>
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
  return app
}
