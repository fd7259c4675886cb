import { z } from 'zod'

export const requestFields = {
  client_id: z.string().max(8_000, 'is too long'),
  redirect_uri: z.string().max(500, 'is too long'),
  resource: z.string(),
  state: z
    .string()
    .regex(/^[\x20-\x7e]{1,1000}$/, 'must be at most 1000 printable ASCII characters')
    .exactOptional(),
  response_type: z.string().exactOptional(),
  code_challenge: z.string().exactOptional(),
  code_challenge_method: z.string().exactOptional(),
  device_name: z.string().exactOptional(),
}
export const requestSchema = z.object(requestFields)

/** What a program asks for when it sends a person to the page. */
export type CodeRequest = z.output<typeof requestSchema>
