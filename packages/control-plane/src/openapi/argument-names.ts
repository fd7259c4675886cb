const MAX_LENGTH = 64

/** Gives each parameter a name that every client can use: 1 to 64 of `[A-Za-z0-9_.-]`, unique within its tool. */
export class ArgumentNames {
  readonly #taken = new Set<string>()

  /** `filter[status]` becomes `filter_status`; where a name is taken, `place` is put in front. */
  claim(name: string, place: string): string {
    const plain = name.replaceAll(/[^A-Za-z0-9_.-]+/g, '_').replaceAll(/^_+|_+$/g, '') || place
    const candidates = [plain, `${place}_${plain}`].map((each) => each.slice(0, MAX_LENGTH))
    let claimed = candidates.find((each) => !this.#taken.has(each))
    for (let number = 2; claimed === undefined; number++) {
      const numbered = `${plain.slice(0, MAX_LENGTH - 8)}_${number}`
      if (!this.#taken.has(numbered)) claimed = numbered
    }
    this.#taken.add(claimed)
    return claimed
  }
}
