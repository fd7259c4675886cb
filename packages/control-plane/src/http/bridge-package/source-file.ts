/** A file of this machine and its name in the tarball. */
export interface SourceFile {
  readonly name: string
  readonly path: string
}
