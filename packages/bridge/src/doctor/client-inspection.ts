/** How the entries for mcpgw stand in the config files of the AI clients on this machine. */
export type InspectClients = (surroundings: {
  readonly platform: NodeJS.Platform
  readonly home: string
  readonly env: NodeJS.ProcessEnv
  readonly workspace?: string
}) => Promise<readonly ClientState[]>

export interface ClientState {
  readonly client: string
  readonly name: string
  readonly file: string
  readonly state: 'right' | 'outdated' | 'other_workspace' | 'broken' | 'absent' | 'secret_inside'
  readonly detail?: string
  readonly fix?: string
}
