import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { modernText, openLegacy, postModern } from '../gateway/raw-clients.ts'
import { WireClient } from '../resilience/wire-client.ts'
import { type Era, startTiny } from './tiny-upstream.ts'

const ERAS: Era[] = ['legacy', 'modern']
const open = new AsyncDisposableStack()
let plane: ControlPlane

beforeAll(async () => {
  plane = open.use(await ControlPlane.start({ env: { NODE_OPTIONS: `--import ${PROBE}` } }))
})

afterAll(() => open.disposeAsync())

/** Says on a signal what every object of the program has inherited. */
const PROBE = `data:text/javascript,${encodeURIComponent(
  `process.on('SIGUSR2', () => {
    const found = []
    for (const name in {}) found.push(name)
    for (const name in []) found.push(name)
    for (const name in (() => {})) found.push(name)
    process.stderr.write(JSON.stringify({ level: 30, time: Date.now(), inherited: found }) + '\\n')
  })`,
)}`

/** Posts with headers as they are, also two of one name. */
function postRaw(
  url: string,
  headers: Record<string, string | string[]>,
  body: string,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: 'POST', headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      )
    })
    request.on('error', reject)
    request.end(body)
  })
}

const base64 = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`

/** The token may call `safe` and not `danger`. Each case shows one to whoever judges and the other to whoever runs. */
const SAFE = '"name":"tiny__safe"'
const DANGER = '"name":"tiny__danger"'
const DESYNC: {
  what: string
  params?: string
  method?: string
  rest?: string
  headers?: Record<string, string | string[]>
}[] = [
  { what: 'a header that names another tool', params: DANGER },
  { what: 'a header that names the forbidden tool', params: SAFE, headers: { 'mcp-name': 'tiny__danger' } },
  { what: 'no header for the name', params: DANGER, headers: { 'mcp-name': [] } },
  { what: 'no header for the method', params: DANGER, headers: { 'mcp-method': [] } },
  {
    what: 'a header with another method',
    params: DANGER,
    headers: { 'mcp-method': 'tools/list', 'mcp-name': 'tiny__danger' },
  },
  {
    what: 'two headers for the name',
    params: DANGER,
    headers: { 'mcp-name': ['tiny__safe', 'tiny__danger'] },
  },
  { what: 'a name that is there twice', params: `${SAFE},${DANGER}` },
  { what: 'a name that is there twice, the other way round', params: `${DANGER},${SAFE}` },
  { what: 'a name behind an escaped key', params: `${SAFE},"\\u006eame":"tiny__danger"` },
  { what: 'an escaped key first', params: `"\\u006eame":"tiny__danger",${SAFE}` },
  { what: 'an escaped value', params: '"name":"tiny__\\u0064anger"' },
  { what: 'a key in another case', params: `${SAFE},"Name":"tiny__danger","NAME":"tiny__danger"` },
  {
    what: 'a key with an invisible letter',
    params: `${SAFE},"name\\u200b":"tiny__danger","name\\u0000":"tiny__danger"`,
  },
  { what: 'a key that normalises to the same', params: `${SAFE},"ｎame":"tiny__danger"` },
  { what: 'params that are there twice', params: SAFE, rest: `,"params":{${DANGER}}` },
  { what: 'params in another case', params: SAFE, rest: `,"Params":{${DANGER}},"PARAMS":{${DANGER}}` },
  {
    what: 'a method that is there twice',
    params: DANGER,
    method: 'tools/list',
    rest: ',"method":"tools/call"',
  },
  { what: 'a method in another case', params: DANGER, method: 'ping', rest: ',"Method":"tools/call"' },
  {
    what: 'a base64 header of the forbidden name',
    params: SAFE,
    headers: { 'mcp-name': base64('tiny__danger') },
  },
  {
    what: 'a base64 header of the allowed name',
    params: DANGER,
    headers: { 'mcp-name': base64('tiny__safe') },
  },
  {
    what: 'a base64 header that decoders read in two ways',
    params: DANGER,
    headers: { 'mcp-name': '=?base64?dGlueV9f*ZGFuZ2Vy?=' },
  },
  {
    what: 'a name of the form of a base64 header',
    params: `"name":"${base64('tiny__danger')}"`,
    headers: { 'mcp-name': base64('tiny__danger') },
  },
  {
    what: 'a name with spaces around it',
    params: '"name":" tiny__danger "',
    headers: { 'mcp-name': ' tiny__danger ' },
  },
  { what: 'a name with a NUL behind it', params: '"name":"tiny__danger\\u0000"' },
  { what: 'a name in a list', params: '"name":["tiny__danger"]' },
  { what: 'a name in the prototype', params: `"__proto__":{${DANGER}},"constructor":{${DANGER}}` },
]

describe('[M17] a request of which two readers would read two things', () => {
  it.each(ERAS.flatMap((server) => ERAS.map((client) => ({ client, server }))))(
    'reaches a $server server from a $client client under the name that was judged, or not at all',
    async ({ client, server }) => {
      expect(DESYNC.length).toBeGreaterThanOrEqual(20)
      const received: { raw: string; name: unknown; header: unknown }[] = []
      await using upstream = await startTiny(server, {
        tools: ['safe', 'danger'],
        onCall: (call) => {
          received.push({ raw: call.raw, name: call.name, header: call.request.headers['mcp-name'] })
          call.replyText(`ran ${call.name}`)
        },
      })
      const slug = `m17-${client}-${server}`
      const { url } = await plane.workspace(slug)
      await plane.addServer(slug, { name: 'tiny', url: upstream.url })
      const token = await plane.token(slug, { rules: { tools: { allow: ['tiny/safe'] } } })
      const session = client === 'legacy' ? (await WireClient.open(url, token)).sessionId : undefined
      for (const { what, params = '', method = 'tools/call', rest = '', headers = {} } of DESYNC) {
        const before = received.length
        const body =
          client === 'modern'
            ? modernText(1, method, `${params},"arguments":{}`).replace(/\}$/, `${rest}}`)
            : `{"jsonrpc":"2.0","id":1,"method":"${method}","params":{${params},"arguments":{}}${rest}}`
        const { text } = await postRaw(
          url,
          {
            authorization: `Bearer ${token}`,
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            'mcp-method': 'tools/call',
            'mcp-name': 'tiny__safe',
            ...(session === undefined
              ? { 'mcp-protocol-version': '2026-07-28' }
              : { 'mcp-session-id': session }),
            ...headers,
          },
          body,
        )
        expect(text, what).not.toContain('ran danger')
        for (const { raw, name, header } of received.slice(before)) {
          expect(name, what).toBe('safe')
          if (server === 'modern') expect(header, what).toBe('safe')
          // Whoever reads it, with the first of two keys or the last, in whatever case, reads the same.
          const named = raw.match(/"name"\s*:\s*"(?:tiny__)?(?:safe|danger)"/g)
          expect(named, what).toEqual(['"name":"safe"'])
          expect(raw.match(/"params"/g), what).toHaveLength(1)
          expect(raw.match(/"method"/g), what).toHaveLength(1)
        }
      }
      // What is no trick at all still runs.
      const honest =
        client === 'modern'
          ? await postModern(url, token, modernText(2, 'tools/call', `${SAFE},"arguments":{}`))
          : await (await openLegacy(url, token))(
              `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{${SAFE},"arguments":{}}}`,
            )
      expect(JSON.stringify(honest.last)).toContain('ran safe')
    },
  )

  it('is refused by its own error where headers are part of the protocol', async () => {
    await using upstream = await startTiny('modern', { tools: ['safe', 'danger'] })
    const { url, token } = await plane.workspace('m17-error')
    await plane.addServer('m17-error', { name: 'tiny', url: upstream.url })
    const { status, text } = await postRaw(
      url,
      {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': 'tiny__safe',
      },
      modernText(1, 'tools/call', `${DANGER},"arguments":{}`),
    )
    expect([status, JSON.parse(text).error.code]).toEqual([400, -32020])
  })
})

describe('[M18] a number', () => {
  const NUMBERS = [
    '9007199254740993',
    '9223372036854775807',
    '-9223372036854775808',
    '1.10',
    '1e400',
    '-0',
    '-0.0',
    '0.1000',
    '1234567890.123456789',
    '1e-400',
  ]
  const LIST = `[${NUMBERS.join()}]`

  it.each(ERAS.flatMap((server) => ERAS.map((client) => ({ client, server }))))(
    'arrives with all its digits from a $client client at a $server server, and comes back with them',
    async ({ client, server }) => {
      let raw = ''
      await using upstream = await startTiny(server, {
        tools: ['echo'],
        onCall: (call) => {
          raw = call.raw
          call.reply(
            `{"content":[],"structuredContent":{"list":${LIST},"one":-0},"_meta":{"com.example/n":${LIST}}}`,
          )
        },
      })
      const slug = `m18-${client}-${server}`
      const { url, token } = await plane.workspace(slug)
      await plane.addServer(slug, { name: 'tiny', url: upstream.url })
      const params = `"name":"tiny__echo","arguments":{"list":${LIST},"deep":[{"n":-0}],"m":1.10}`
      const reply =
        client === 'modern'
          ? await postModern(url, token, modernText(7, 'tools/call', params))
          : await (await openLegacy(url, token))(
              `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{${params}}}`,
            )
      expect(raw).toContain(`"arguments":{"list":${LIST},"deep":[{"n":-0}],"m":1.10}`)
      expect(reply.messages.at(-1)).toContain(`"structuredContent":{"list":${LIST},"one":-0}`)
      expect(reply.messages.at(-1)).toContain(`"com.example/n":${LIST}`)
    },
  )
})

describe('[M27] a body that reaches for what all objects inherit', () => {
  const POISON = [
    '"__proto__":{"polluted":"yes","role":"owner","isAdmin":true}',
    '"constructor":{"prototype":{"polluted":"yes"}}',
    '"__proto__":{"__proto__":{"polluted":"yes"}}',
    '"prototype":{"polluted":"yes"},"__proto__":null',
  ]

  it('changes nothing in any of them', async () => {
    const { token } = await plane.workspace('m27')
    await using upstream = await startTiny('legacy', { tools: ['go'] })
    await plane.addServer('m27', { name: 'tiny', url: upstream.url })
    const base = '/api/v1/workspaces/m27'
    const routes: [string, string, string][] = [
      ['POST', '/api/v1/workspaces', '"slug":"SLUG","name":"x"'],
      ['PATCH', base, '"name":"x"'],
      ['POST', `${base}/servers`, `"name":"SLUG","url":"${upstream.url}","headers":{POISON}`],
      [
        'POST',
        `${base}/servers`,
        '"name":"SLUG","command":"node","args":["-e","0"],"env":{POISON},"enabled":false',
      ],
      ['PATCH', `${base}/servers/tiny`, '"tools":{POISON}'],
      ['PUT', `${base}/servers/tiny/credential`, '"values":{"A":"b",POISON}'],
      ['POST', `${base}/servers/tiny/check`, ''],
      ['POST', `${base}/tokens`, '"name":"n","member":"m","role":"readonly","rules":{POISON}'],
      ['POST', `${base}/invites`, '"name":"n","member":"m","role":"readonly","rules":{POISON}'],
      [
        'GET',
        `${base}/audit?__proto__[polluted]=yes&constructor[prototype][polluted]=yes&__proto__=polluted`,
        '',
      ],
      ['POST', '/oauth/token', '"grant_type":"authorization_code"'],
      [
        'POST',
        '/ws/m27',
        '"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"tiny__go","arguments":{POISON},"_meta":{POISON}}',
      ],
      [
        'POST',
        '/ws/m27',
        '"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{POISON},"clientInfo":{"name":"n","version":"1",POISON}}',
      ],
    ]
    expect(routes.length).toBeGreaterThanOrEqual(10)
    let sent = 0
    for (const poison of POISON)
      for (const [method, path, members] of routes) {
        const text = `${members === '' ? '' : `${members},`}${poison}`
          .replaceAll('{POISON}', `{${poison}}`)
          .replaceAll('POISON', poison)
          .replace('SLUG', `s-${sent++}`)
        const response = await fetch(`${plane.url}${path}`, {
          method,
          headers: {
            authorization: `Bearer ${path.startsWith('/ws') ? token : plane.ownerToken}`,
            'content-type': 'application/json',
            accept: 'application/json',
          },
          ...(method !== 'GET' && { body: `{${text}}` }),
        })
        expect(response.status, `${method} ${path}`).toBeLessThan(500)
        await response.text()
      }
    plane.process.kill('SIGUSR2')
    const probe = await expect
      .poll(() => plane.stderr.split('\n').find((line) => line.includes('"inherited"')))
      .toBeDefined()
      .then(() => plane.stderr.split('\n').find((line) => line.includes('"inherited"')) ?? '')
    expect(JSON.parse(probe).inherited).toEqual([])
    // Nor did one object take on what its body reached for.
    const { items } = await plane.api('GET', `/workspaces/m27/tokens`)
    expect(JSON.stringify(items)).not.toMatch(/polluted|"role":"owner"/)
  })
})
