import { html } from 'hono/html'
import type { Place } from './place.ts'
import { STYLE_PATH } from './stylesheet.ts'

/** Escaped markup, as the `html` tag makes it. */
export type Html = ReturnType<typeof html>

export interface Page {
  /** The first heading, and the name of the window. */
  title: string
  /** One or two sentences below the heading. */
  lead?: string | Html
  body?: Html
  /** For pages with long lines to copy. */
  wide?: boolean
}

/** A whole page in the product's dress. */
export function layout({ basePath }: Place, { title, lead, body, wide = false }: Page): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · mcpgw</title>
<link rel="stylesheet" href="${basePath}${STYLE_PATH}">
</head>
<body>
<header class="${wide ? 'wide' : ''}">${MARK}<span>mcpgw</span></header>
<main class="${wide ? 'wide' : ''}">
<h1>${title}</h1>
${lead === undefined ? '' : html`<p class="lead">${lead}</p>`}
${body ?? ''}
</main>
</body>
</html>
`
}

/** Names and what they are: a list of facts. */
export function facts(rows: ReadonlyArray<readonly [name: string, value: string | Html]>): Html {
  return html`<dl class="facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

/** Something to copy. A click selects the whole of it. */
export function snippet(text: string): Html {
  return html`<pre class="snippet" tabindex="0"><code>${text}</code></pre>`
}

/** Three lines that become one. */
const MARK = html`<svg viewBox="0 0 24 24" width="26" height="26" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M3 5h4l6 7H21M3 19h4l6-7M3 12h10"/></svg>`
