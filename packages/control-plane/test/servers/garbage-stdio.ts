/** Prints what is no protocol on stdout, before and between good answers. Tool: `echo`. */
import { serveLegacyStdio } from './legacy-stdio.ts'

process.stdout.write('Garbage server 1.0 is listening on stdio\r\n\n')
serveLegacyStdio({
  name: 'garbage',
  tools: { echo: (args) => args },
  beforeAnswer: () => process.stdout.write('debug: about to answer\n"a JSON text that is no message"\n'),
})
