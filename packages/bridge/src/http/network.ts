/** How to get out of this network. From the environment, or as it was at login: clients pass almost no environment on. */
export interface Network {
  /** May carry a login, which is for the proxy alone and must not be shown. */
  readonly httpsProxy?: string
  /** Used where `httpsProxy` is missing, as many set only this one. */
  readonly httpProxy?: string
  /** What is reached without a proxy, in the form of `NO_PROXY`: names, `.domain`, `host:port`, addresses, CIDR. */
  readonly noProxy?: string
  /** A PEM file with certificate authorities beside the built-in ones, as in `NODE_EXTRA_CA_CERTS`. */
  readonly caFile?: string
}
