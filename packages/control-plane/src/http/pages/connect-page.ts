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
<li><h3>Log in</h3><p>Opens a page like this one to approve the login. Your token goes into the keychain of this computer.</p>${snippet(`npx -y mcpgw@1 login ${url}`)}</li>
<li><h3>Add it to your clients</h3><p>Finds the AI clients on this computer and adds the entry. Restart a client that was running.</p>${snippet('npx -y mcpgw@1 install')}</li>
</ol>
</section>
<section>
<h2>By hand</h2>
<p>For clients with a JSON configuration. The entry holds no secret: log in as above first.</p>
${snippet(json(npxEntry(slug, url)))}
<p class="note"><strong>npm 12 and later</strong> refuse packages that come from a URL unless they are allowed. The line <code>npm_config_allow_remote</code> does that, for this entry alone; older versions do not need it. On a command line, write <code>npx -y --allow-remote=all ${url}</code></p>
</section>
<section>
<h2>Without a program on this computer</h2>
<p>For clients that speak to a URL themselves. Here the token stands in the client's configuration, so keep that file to yourself.</p>
${snippet(json(directEntry(slug, url)))}
</section>`,
  })
}

function npxEntry(slug: string, url: string) {
  const entry = { command: 'npx', args: ['-y', url], env: { npm_config_allow_remote: 'all' } }
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
