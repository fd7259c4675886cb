import { html } from 'hono/html'
import { type Html, layout, snippet } from './layout.ts'
import { type Place, workspaceUrl } from './place.ts'

/**
 * How to connect a client to a workspace. Says the same of a workspace that does not exist: whoever has no token
 * learns nothing here.
 */
export function connectPage(place: Place, slug: string): Html {
  const url = workspaceUrl(place, slug)
  return layout(place, {
    title: `Connect to ${slug}`,
    lead: 'One entry in your AI client opens every server of this workspace. You need Node 20 or later, and a workspace token or an invite link from an admin.',
    wide: true,
    body: html`
<section>
<h2>Set up in two steps</h2>
<ol class="steps">
<li><h3>Log in</h3><p>Opens a page like this one to approve the login. Your token goes into the keychain of this computer.</p>${snippet(npxCommand(url, 'login'))}</li>
<li><h3>Add it to your clients</h3><p>Finds the AI clients on this computer and adds the entry. Restart a client that was running.</p>${snippet(npxCommand(url, 'install'))}</li>
</ol>
</section>
<section>
<h2>By hand</h2>
<p>For clients with a JSON configuration. The entry holds no secret: log in as above first.</p>
${snippet(json(npxEntry(slug, url)))}
<p class="note"><code>--allow-remote=all</code> is for <strong>npm 12 and later</strong>, which refuse packages from a URL unless told otherwise, for this command alone. The two settings let the client start within seconds, with the copy it has, while this gateway cannot be reached.</p>
</section>
<section>
<h2>Without a program on this computer</h2>
<p>A client that speaks to a URL itself and can log in needs the URL alone. It opens a page like this one.</p>
${snippet(url)}
<p>Others are given the token. Then it stands in the client's configuration, so keep that file to yourself.</p>
${snippet(json(directEntry(slug, url)))}
</section>`,
  })
}

/** The command that runs the bridge from this control plane, which needs nothing from a registry. */
export function npxCommand(url: string, command: string): string {
  return `npx -y --allow-remote=all ${url} ${command}`
}

function npxEntry(slug: string, url: string) {
  // By default npm tries a dead address for 70 s before it starts what it has.
  const env = { npm_config_fetch_retries: '0', npm_config_fetch_timeout: '3000' }
  const entry = { command: 'npx', args: ['-y', '--allow-remote=all', url], env }
  return { mcpServers: { [slug]: entry } }
}

function directEntry(slug: string, url: string) {
  return {
    mcpServers: { [slug]: { type: 'http', url, headers: { Authorization: 'Bearer YOUR_TOKEN' } } },
  }
}

function json(entry: unknown): string {
  return JSON.stringify(entry, undefined, 2)
}
