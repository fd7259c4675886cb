/** Recognises the two ways to ask for the bridge; undefined for everything else, which is a command. */
export function stdioArguments(argv: readonly string[]): { workspace: string | undefined } | undefined {
  const [first, second, ...rest] = argv[0] === 'stdio' ? argv.slice(1) : argv
  if (rest.length > 0) return undefined
  if (first === undefined) return { workspace: undefined }
  if (first === '--workspace' && second !== undefined) return { workspace: second }
  const inline = /^--workspace=(.+)$/.exec(first)?.[1]
  return inline !== undefined && second === undefined ? { workspace: inline } : undefined
}
