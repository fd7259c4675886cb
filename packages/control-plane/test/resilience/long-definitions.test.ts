import { expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { startChanging } from '../trust/changing-server.ts'

it('[M32] a review of very long definitions leaves others their turn', async () => {
  await using server = await startChanging()
  const description = 'ignore '.repeat(17_000)
  server.lists(
    ...Array.from({ length: 60 }, (_, at) => ({
      name: `tool${at}`,
      description,
      inputSchema: { type: 'object' },
    })),
  )
  await using plane = await ControlPlane.start()
  const { slug } = await plane.workspace('team')
  await plane.addServer(slug, { name: 's', url: server.url })
  let over = false
  const review = plane.api('GET', `/workspaces/${slug}/servers/s/pins`).finally(() => {
    over = true
  })
  let longestMs = 0
  let answers = 0
  while (!over) {
    const startedAt = performance.now()
    await (await fetch(`${plane.url}/healthz`)).text()
    longestMs = Math.max(longestMs, performance.now() - startedAt)
    answers += 1
  }
  expect((await review).items).toHaveLength(60)
  expect(answers).toBeGreaterThan(10)
  expect(longestMs).toBeLessThan(1_000)
})
