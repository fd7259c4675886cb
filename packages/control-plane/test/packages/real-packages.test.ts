import { SMALL_PACKAGES } from './honest-packages.ts'
import { describePackageCalls, problemWithRegistry } from './package-calls.ts'

describePackageCalls(SMALL_PACKAGES, await problemWithRegistry())
