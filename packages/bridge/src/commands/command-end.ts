/** Ends a command that has already said everything, with an exit code of its own. */
export class CommandEnd extends Error {
  override readonly name = 'CommandEnd'
  readonly exitCode: number

  constructor(exitCode: number) {
    super(`The command ended with ${exitCode}.`)
    this.exitCode = exitCode
  }
}
