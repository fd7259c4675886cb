/** Why an operation cannot become a tool; the others can. */
export class LeftOut extends Error {}
