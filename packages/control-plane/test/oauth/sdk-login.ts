import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { expect } from 'vitest'
import { encode, type Fields, postForm } from './client.ts'

/** What an AI client keeps for one server it logs in to, in the words of both SDKs. */
export class LoginProvider {
  readonly redirectUrl: string
  readonly clientMetadataUrl?: string
  /** Where it sent its user. */
  asked: URL | undefined
  client: { client_id: string } | undefined
  granted: { access_token: string; token_type: string } | undefined
  #verifier = ''

  constructor(redirectUrl: string, clientMetadataUrl?: string) {
    this.redirectUrl = redirectUrl
    if (clientMetadataUrl !== undefined) this.clientMetadataUrl = clientMetadataUrl
  }

  get clientMetadata() {
    return { client_name: 'Busy Agent', redirect_uris: [this.redirectUrl] }
  }
  clientInformation() {
    return this.client
  }
  saveClientInformation(client: { client_id: string }) {
    this.client = client
  }
  tokens() {
    return this.granted
  }
  saveTokens(tokens: { access_token: string; token_type: string }) {
    this.granted = tokens
  }
  redirectToAuthorization(url: URL) {
    this.asked = url
  }
  saveCodeVerifier(verifier: string) {
    this.#verifier = verifier
  }
  codeVerifier() {
    return this.#verifier
  }
}

/** The real client of each SDK, as it comes to a server for the first time and after its user was at the browser. */
export const SDKS = {
  legacy: {
    open: (url: string, authProvider: LoginProvider) => new LegacyTransport(new URL(url), { authProvider }),
    async tools(transport: unknown): Promise<string[]> {
      const client = new LegacyClient({ name: 'busy', version: '1' })
      // The SDK's transports were typed without exactOptionalPropertyTypes in mind.
      await client.connect(transport as Parameters<LegacyClient['connect']>[0])
      const { tools } = await client.listTools()
      await client.close()
      return tools.map(({ name }) => name)
    },
  },
  modern: {
    open: (url: string, authProvider: LoginProvider) => new ModernTransport(new URL(url), { authProvider }),
    async tools(transport: unknown): Promise<string[]> {
      const client = new ModernClient({ name: 'busy', version: '1' })
      await client.connect(transport as Parameters<ModernClient['connect']>[0])
      const { tools } = await client.listTools()
      await client.close()
      return tools.map(({ name }) => name)
    },
  },
}

/** A client that comes with the URL alone, up to its token; gives the page that its user approved. */
export async function logIn(sdk: keyof typeof SDKS, url: string, provider: LoginProvider, proof: string) {
  const transport = SDKS[sdk].open(url, provider)
  await expect(SDKS[sdk].tools(transport)).rejects.toThrow(/unauthorized/i)
  const page = await openPage(provider.asked ?? '')
  const { status, headers } = await page.send({ proof, decision: 'approve' })
  expect(status).toBe(303)
  const callback = new URL(headers.get('location') ?? '').searchParams
  // The older SDK takes the code alone; neither type has the other's argument.
  await transport.finishAuth(sdk === 'modern' ? (callback as never) : (callback.get('code') ?? ''))
  return { page, callback }
}

/** The page at an address, and its form as a browser would send it back. */
export async function openPage(address: URL | string) {
  const response = await fetch(address)
  const text = await response.text()
  const hidden = text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)
  const fields = Object.fromEntries(
    Array.from(hidden, ([, name = '', value = '']) => [name, unescaped(value)]),
  )
  const { origin, pathname } = new URL(address)
  return {
    status: response.status,
    headers: response.headers,
    text,
    send: (more: Fields) => postForm(`${origin}${pathname}`, encode({ ...fields, ...more })),
  }
}

function unescaped(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&amp;', '&')
}
