import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const KUBECONFIG = `apiVersion: v1
kind: Config
clusters: [{ name: sample, cluster: { server: 'https://127.0.0.1:6443' } }]
users: [{ name: sample, user: { token: sample } }]
contexts: [{ name: sample, context: { cluster: sample, user: sample } }]
current-context: sample
`
/** A path that a value asks for, and a file to be found there. */
const SAMPLES = [
  { wantedAs: /KUBECONFIG/i, path: 'kubeconfig', file: 'kubeconfig', text: KUBECONFIG },
  {
    wantedAs: /SCHEMA/i,
    path: 'schema.graphql',
    file: 'schema.graphql',
    text: 'type Query { hello: String! }\n',
  },
  { wantedAs: /VAULT/i, path: 'vault', file: 'vault/.obsidian/app.json', text: '{}' },
]

/** Finds the path of something that suits a value of this name. */
export type SamplePath = (name: string) => string

/** Makes a file or folder of each kind that servers want to be pointed at, in a folder of their own. */
export async function writeSampleFiles(folder: string): Promise<SamplePath> {
  for (const { path, file, text } of SAMPLES) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), text)
    // Hosted servers run as another user, and some write where they are pointed.
    await chmod(join(folder, path), 0o777)
  }
  await chmod(folder, 0o755)
  return (name) => {
    const sample = SAMPLES.find(({ wantedAs }) => wantedAs.test(name))
    // That folder is in every sandbox.
    return sample === undefined ? '/tmp' : join(folder, sample.path)
  }
}
