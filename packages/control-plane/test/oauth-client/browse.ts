/** A browser as far as a login needs one: follows redirects with the cookies of each origin, up to an address. */
export class TestBrowser {
  readonly #jars = new Map<string, Map<string, string>>()

  /** Gives the first address that begins so, without opening it. */
  async follow(start: string, until: string): Promise<string> {
    let url = start
    for (let step = 0; step < 20; step++) {
      if (url.startsWith(until)) return url
      const response = await this.open(url)
      const location = response.headers.get('location')
      if (location === null) throw new Error(`${url} answers ${response.status}: ${await response.text()}`)
      url = new URL(location, url).href
    }
    throw new Error(`Too many redirects from ${start}`)
  }

  async open(url: string, init: RequestInit = {}): Promise<Response> {
    const { origin } = new URL(url)
    const jar = this.#jars.get(origin) ?? new Map<string, string>()
    this.#jars.set(origin, jar)
    const headers = new Headers(init.headers)
    headers.set('cookie', Array.from(jar, ([name, value]) => `${name}=${value}`).join('; '))
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      jar.set(name, value)
    }
    return response
  }
}
