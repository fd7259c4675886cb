/** Something stored has changed; published after the commit, to every replica. */
export interface Change {
  /** `renewal`: of a credential, where only the tokens of a login are others than before. */
  kind: 'workspace' | 'server' | 'credential' | 'renewal' | 'token' | 'audit'
  workspaceId?: string
  /** Id of the thing that changed. For `token`: the token's hash, so that a cache can drop it without a query. */
  id: string
}

/**
 * Carries changes. With SQLite, subscribers run synchronously before the change's own caller gets its answer;
 * with PostgreSQL the publishing process behaves the same and the others hear within a second.
 */
export interface ChangeBus {
  publish(change: Change): void
  /** Returns a function that ends the subscription. */
  subscribe(listener: (change: Change) => void): () => void
  /** Called when notifications may have been missed: forget everything cached. */
  onGap(listener: () => void): () => void
  /**
   * Called every few hundred milliseconds for as long as changes of others may not be heard: who must not act on
   * something old asks the store again each time. Never called where there are no others.
   */
  onDoubt(listener: () => void): () => void
}
