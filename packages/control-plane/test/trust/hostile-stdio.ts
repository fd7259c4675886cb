/**
 * The hostile server as a program. It reads its secrets from the variables SECRET_0, SECRET_1, …, says them on stderr,
 * and writes each line in two pieces. A call for the place `exit` ends it with the secret as its last words.
 */
import { createInterface } from 'node:readline'
import { inEveryWay } from './canaries.ts'
import { hostileAnswer, type Message, splitAnswer } from './hostile-script.ts'

const secrets = Object.keys(process.env)
  .filter((name) => name.startsWith('SECRET_'))
  .sort()
  .map((name) => process.env[name] ?? '')

process.stderr.write(`${secrets.map(inEveryWay).join('\n')}\n`)
process.stdout.write(`This is no message: ${secrets.map(inEveryWay).join(' ')}\n`)

createInterface({ input: process.stdin }).on('line', (line) => {
  // The gateway under test wrote this.
  const message = JSON.parse(line) as Message
  const { place, secret = 0 } = message.params?.arguments ?? {}
  if (place === 'exit') {
    process.stderr.write(`fatal: ${inEveryWay(secrets[secret] ?? '')}\n`, () => process.exit(3))
    return
  }
  if (place === 'split') {
    const [first, second] = splitAnswer(message, secrets[secret] ?? '')
    process.stdout.write(first, () =>
      setTimeout(() => process.stdout.write(Buffer.concat([second, Buffer.from('\n')])), 1),
    )
    return
  }
  for (const text of hostileAnswer(message, secrets, 'legacy')) {
    process.stdout.write(text.slice(0, text.length / 2))
    process.stdout.write(`${text.slice(text.length / 2)}\n`)
  }
})
