import manifest from '../package.json' with { type: 'json' }

/** The version of the control plane, as published. */
export const VERSION: string = manifest.version
