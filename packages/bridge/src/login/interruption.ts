import { BridgeError } from '../bridge-error.ts'

/** The work, or the end that the user wants when pressing Ctrl-C while waiting for it. */
export async function untilInterrupted<T>(work: Promise<T>): Promise<T> {
  let stop: () => void = () => undefined
  const interrupted = new Promise<never>((_, reject) => {
    stop = () => reject(new BridgeError('login_needed', 'The login was stopped. Nothing was kept.'))
    process.once('SIGINT', stop)
  })
  try {
    return await Promise.race([work, interrupted])
  } finally {
    process.off('SIGINT', stop)
  }
}
