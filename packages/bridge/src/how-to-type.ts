/** What people type to reach this copy of the bridge: npx leaves no command `mcpgw` behind. */
export function commandOf(script: string, ownWorkspace: string | undefined): string {
  if (ownWorkspace !== undefined) return `npx -y --allow-remote=all ${ownWorkspace}`
  return /[\\/]_npx[\\/]/.test(script) ? 'npx -y mcpgw@1' : 'mcpgw'
}

// Only where a command follows, so that the name in other places stays.
const typed =
  /(?<![\w/@.-])mcpgw (?=(?:login|logout|whoami|use|install|uninstall|status|doctor|tools|call|tail|stdio|help)\b|--help)/g

/** Messages say `mcpgw login`; this says it with the command that works here. */
export function inWords(sentence: string, command: string): string {
  return command === 'mcpgw' ? sentence : sentence.replace(typed, `${command} `)
}
