import { z } from 'zod'
import { problemWithPackage } from '../model/package.ts'
import { PACKAGE_REGISTRIES } from '../model/server.ts'

/** A package as it is told. */
export const packageRef = z.strictObject({
  registryType: z.enum(PACKAGE_REGISTRIES),
  identifier: z.string().min(1).max(500),
  version: z.string().min(1).max(128).exactOptional(),
})

/** A package that names one release: what is started tomorrow is what was looked at today. */
export const exactPackage = packageRef.superRefine((ref, context) => {
  const problem = problemWithPackage(ref)
  if (problem !== undefined) context.addIssue({ code: 'custom', message: `names no release: ${problem}` })
})
