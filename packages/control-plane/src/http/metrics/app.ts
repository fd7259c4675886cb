import type { IncomingMessage } from 'node:http'
import { Hono } from 'hono'
import type { GatewayError } from '../../model/error.ts'
import { answerThrown } from '../json/problem.ts'

export interface MetricsContext {
  /** Rejects with `unauthenticated` or `forbidden` for whoever may not read them. */
  admit(authorizationHeader: string | undefined): Promise<void>
  read(): Promise<{ contentType: string; text: string }>
  badTokens: { judge(thrown: unknown, request: IncomingMessage): unknown }
  reportError(error: GatewayError): void
}

/** `/metrics`, for a monitoring system. It tells which servers a team has and how much they are used: nobody else reads it. */
export function createMetricsApp({ admit, read, badTokens, reportError }: MetricsContext) {
  const app = new Hono<{ Bindings: { incoming: IncomingMessage } }>()
  app.get('/metrics', async (c) => {
    try {
      await admit(c.req.header('authorization'))
    } catch (refused) {
      return answerThrown(badTokens.judge(refused, c.env.incoming), reportError)
    }
    const { contentType, text } = await read()
    return c.body(text, 200, { 'content-type': contentType })
  })
  app.onError((thrown) => answerThrown(thrown, reportError))
  return app
}
