import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { bridgeFile } from './bridge-process.ts'
import { type Finished, finish } from './run-command.ts'

/** A login under way, whose words on stderr can be waited for. */
export interface LoginProcess {
  readonly child: ChildProcessWithoutNullStreams
  /** Resolves with the match as soon as it was said; rejects when the command ends without it. */
  says(words: RegExp): Promise<RegExpExecArray>
  readonly finished: Promise<Finished>
}

export function startLogin(args: readonly string[], env: Record<string, string>): LoginProcess {
  const child = spawn(process.execPath, [bridgeFile, 'login', ...args], { env })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const finished = finish(child)
  return {
    child,
    finished,
    says: (words) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = words.exec(said)
          if (match !== null) resolve(match)
        }
        child.stderr.on('data', look)
        child.once('close', () => reject(new Error(`It ended without saying ${words}: ${said}`)))
        look()
      }),
  }
}

/** The address a browser would be sent to, and the answer it would come back with. */
export async function addressOf(login: LoginProcess) {
  const [address] = await login.says(/http:\/\/\S+\/oauth\/authorize\?\S+(?=\s)/)
  const { searchParams: asked, origin } = new URL(address)
  const callback = new URL(asked.get('redirect_uri') ?? '')
  const comeBack = (parameters: Record<string, string>) => {
    callback.search = new URLSearchParams(parameters).toString()
    return fetch(callback, { redirect: 'error' })
  }
  const state = asked.get('state') ?? ''
  const iss = `${origin}/oauth`
  return { asked, callback, comeBack, granted: { code: 'c'.repeat(43), state, iss }, state, iss }
}
