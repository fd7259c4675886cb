// Claims a data folder, says whether it could, and keeps it until the process ends.
import { lockDataFolder } from '../../../src/storage/data-folder-lock.ts'

using lock = lockDataFolder(process.argv[2] ?? '')
process.stdout.write(lock === undefined ? 'refused\n' : 'claimed\n')
if (lock !== undefined) await new Promise((resolve) => process.stdin.once('end', resolve).resume())
