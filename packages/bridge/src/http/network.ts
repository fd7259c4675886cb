/** How to get out of this network. From the environment, or as it was at login: clients pass almost no environment on. */
export interface Network {
  readonly httpsProxy?: string
  readonly httpProxy?: string
  /** Host names that are reached without a proxy, in the form of `NO_PROXY`. */
  readonly noProxy?: string
  /** A PEM file with certificate authorities beside the built-in ones, as in `NODE_EXTRA_CA_CERTS`. */
  readonly caFile?: string
}
