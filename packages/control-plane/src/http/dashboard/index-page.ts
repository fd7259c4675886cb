import { html } from 'hono/html'
import { type BuiltFile, builtFile } from './built-files.ts'

/** The dashboard's page, with its assets and itself below the path of the public URL, where that has one. */
export async function indexBelow(index: BuiltFile, publicUrl: string | undefined): Promise<BuiltFile> {
  const basePath = publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/$/, '')
  const text = Buffer.from(await index.bytes('identity')).toString()
  return builtFile(Buffer.from(await placedBelow(text, basePath)), '.html')
}

/** `./assets/…` would be looked for beside the page that is shown, and pages are at many depths. */
async function placedBelow(text: string, basePath: string): Promise<string> {
  const escaped = String(await html`${basePath}`)
  return text
    .replaceAll(/\b(src|href)="\.\//g, (_match, attribute) => `${attribute}="${escaped}/`)
    .replace(/(<meta\s+name="mcpgw-base"\s+content=")"/, (_match, before) => `${before}${escaped}"`)
}
