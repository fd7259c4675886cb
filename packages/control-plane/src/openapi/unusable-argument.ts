/** An argument that cannot be sent as it is. The message is for whoever gave it. */
export class UnusableArgument extends Error {}
