/**
 * The path below which a proxy serves the control plane, '' for most. The control plane writes it into the page,
 * because only it knows its public URL.
 */
export const BASE_PATH =
  document.querySelector<HTMLMetaElement>('meta[name="mcpgw-base"]')?.content.replace(/\/$/, '') ?? ''
