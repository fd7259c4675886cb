import type { KeyStore } from '../model/stores.ts'
import type { Database } from './database.ts'
import { requireFound } from './found.ts'
import { refusing } from './violation.ts'

export function createKeyStore({ kysely }: Database): KeyStore {
  return {
    async get(name) {
      const row = await kysely
        .selectFrom('wrappedKeys')
        .select('wrapped')
        .where('name', '=', name)
        .executeTakeFirst()
      return row && Uint8Array.from(row.wrapped)
    },

    async add(name, wrapped) {
      await refusing({ taken: `There is already a key "${name}".` }, () =>
        kysely.insertInto('wrappedKeys').values({ name, wrapped }).execute(),
      )
    },

    async replace(name, wrapped) {
      const { numUpdatedRows } = await kysely
        .updateTable('wrappedKeys')
        .set({ wrapped })
        .where('name', '=', name)
        .executeTakeFirst()
      requireFound(numUpdatedRows, 'key')
    },

    async names() {
      const rows = await kysely.selectFrom('wrappedKeys').select('name').orderBy('name').execute()
      return rows.map(({ name }) => name)
    },
  }
}
