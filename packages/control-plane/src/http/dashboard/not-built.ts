import type { Context } from 'hono'
import { html } from 'hono/html'
import { type Html, layout, snippet } from '../pages/layout.ts'
import { placeOf } from '../pages/place.ts'

/** What stands in the place of the dashboard in a checkout where nobody has built it. */
export function notBuiltPage(publicUrl: string | undefined, c: Context): Html {
  return layout(placeOf(publicUrl, c), {
    title: 'The dashboard is not built',
    lead: 'Everything else works: the MCP URLs of workspaces, the admin API and the commands.',
    body: html`
<p>To build it, type this in the repository, then start the control plane again.</p>
${snippet('npx -y pnpm@12.21.0 run build')}
<p>Without it, the first owner token comes from the machine itself:</p>
${snippet('mcpgw-server token create --name first --member you')}`,
  })
}
