/** The pool alone: loading undici's index costs 50 ms at every start of the bridge, the pool 20. */
declare module 'undici/lib/dispatcher/pool.js' {
  import { Pool } from 'undici'

  export default Pool
}
