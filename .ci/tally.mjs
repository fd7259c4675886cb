// Adds up the test reports of all packages: one line at the end, and every test that was skipped by name.
import { existsSync, readFileSync } from 'node:fs'

const reports = ['packages/bridge', 'packages/control-plane']
  .map((folder) => `${folder}/node_modules/.cache/test-report.json`)
  .filter(existsSync)
  .map((file) => JSON.parse(readFileSync(file, 'utf8')))
const tests = reports.flatMap(({ testResults }) =>
  testResults.flatMap(({ assertionResults }) => assertionResults),
)
const count = (...statuses) => tests.filter(({ status }) => statuses.includes(status)).length

for (const { fullName, status } of tests) {
  if (status === 'pending' || status === 'skipped' || status === 'todo')
    process.stdout.write(`skipped: ${fullName}\n`)
}
process.stdout.write(
  `${count('passed')} passed, ${count('failed')} failed, ${count('pending', 'skipped', 'todo')} skipped\n`,
)
