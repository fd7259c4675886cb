import { asObject, parseJson } from '../json-object.ts'
import { failed, type Observation, ok } from './finding.ts'
import type { Answer, Scene } from './scene.ts'

/** Is the one who answers a gateway at all? */
export async function checkHttp(scene: Scene): Promise<Observation[]> {
  const { origin } = await scene.workspace()
  const answer = await scene.health()
  if (answer.status === 200 && asObject(parseJson(answer.text))?.status === 'ok') {
    return [ok(`${origin} answers (${answer.answeredAt - answer.sentAt} ms)`)]
  }
  return [explain(origin, answer)]
}

function explain(origin: string, { status, headers }: Answer): Observation {
  if (status >= 300 && status < 400) {
    const target = headers.location ?? 'another address'
    return failed(
      `${origin} redirects to ${target}.`,
      'Log in with the final URL, or sign in to this network first.',
      'not_mcp',
    )
  }
  if (status >= 500) {
    return failed(
      `${origin} answers HTTP ${status}: something in front of the gateway does not reach it, or it is not well.`,
      'Tell those who run the gateway.',
      'server_error',
    )
  }
  return failed(
    `${origin} answers HTTP ${status}, but not like an mcpgw gateway.`,
    'Check the URL, and whether this network wants you to sign in first.',
    'not_mcp',
  )
}
