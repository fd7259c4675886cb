import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { openCallbackListener } from './callback-listener.ts'

it('gives up after its limit', async () => {
  const listener = await openCallbackListener({ state: 's', limitMs: 20 })
  await expect(listener.answer).rejects.toThrow('Nobody approved the login')
  listener.close()
})

it('listens on this machine alone, under no other name', async () => {
  const listener = await openCallbackListener({ state: 's', limitMs: 5_000 })
  const { hostname, port } = new URL(listener.redirectUri)
  expect(hostname).toBe('127.0.0.1')
  const status = await statusLine(
    Number(port),
    'GET /callback?state=s&code=c HTTP/1.1\r\nHost: evil.test\r\n',
  )
  expect(status).toContain(' 404 ')
  listener.close()
})

it('takes no parameter twice', async () => {
  const listener = await openCallbackListener({ state: 's', limitMs: 5_000 })
  expect((await fetch(`${listener.redirectUri}?state=s&code=a&code=b`)).status).toBe(400)
  expect((await fetch(`${listener.redirectUri}?state=s&code=a`)).status).toBe(200)
  expect((await listener.answer).get('code')).toBe('a')
  listener.close()
})

it('shows nothing of what was sent to it', async () => {
  const listener = await openCallbackListener({ state: 's', limitMs: 5_000 })
  const query = new URLSearchParams({ state: 's', error: '<script>alert(1)</script>' })
  const page = await fetch(`${listener.redirectUri}?${query}`)
  expect(await page.text()).not.toContain('alert')
  expect(page.headers.get('content-security-policy')).toBe("default-src 'none'")
  listener.close()
})

function statusLine(port: number, head: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${head}Connection: close\r\n\r\n`))
    socket.once('data', (chunk) => {
      socket.destroy()
      resolve(chunk.toString().split('\r\n', 1)[0] ?? '')
    })
    socket.once('error', reject)
  })
}
