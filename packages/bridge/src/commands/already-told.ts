/** Ends a command with exit code 1 when all there is to say has been printed. */
export class AlreadyTold extends Error {
  override readonly name = 'AlreadyTold'
}
