import { ALL_PACKAGES } from './honest-packages.ts'
import { describePackageCalls, problemWithRegistry } from './package-calls.ts'

// `npm run test:packages`: too long for every run, and nothing may be skipped.
const problem = await problemWithRegistry()
if (problem !== undefined) throw new Error(problem)
describePackageCalls(ALL_PACKAGES, undefined)
