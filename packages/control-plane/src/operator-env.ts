/** What programs that work for us may know of the operator's environment. None of it is a secret of the gateway's. */
export interface OperatorEnv {
  /** For npm: its settings, proxies, certificates, and the tokens that an .npmrc names. */
  npm: Record<string, string>
  /** For docker and podman: where the engine listens, and its settings. */
  engine: Record<string, string>
}

const NETWORK =
  /^(?:HOME|USERPROFILE|(?:HTTPS?|NO|ALL)_PROXY|NODE_EXTRA_CA_CERTS|NODE_USE_SYSTEM_CA|SSL_CERT_(?:FILE|DIR))$/i
const OF_NPM =
  /^(?:npm_config_(?:registry|cafile|userconfig|globalconfig|proxy|https[_-]proxy|noproxy|strict[_-]ssl)|NPM_TOKEN|NODE_AUTH_TOKEN)$/i
const OF_ENGINES = /^(?:XDG_RUNTIME_DIR|DOCKER_(?:HOST|CONTEXT|CONFIG|CERT_PATH|TLS_VERIFY)|CONTAINER_HOST)$/

/** Nothing else goes on, so that no secret among it ever meets a program that is not ours. */
export function pickOperatorEnv(env: NodeJS.ProcessEnv): OperatorEnv {
  return { npm: pick(env, NETWORK, OF_NPM), engine: pick(env, NETWORK, OF_ENGINES) }
}

function pick(env: NodeJS.ProcessEnv, ...names: RegExp[]): Record<string, string> {
  const entries = Object.entries(env).flatMap(([name, value]): [string, string][] =>
    value !== undefined && names.some((pattern) => pattern.test(name)) ? [[name, value]] : [],
  )
  return Object.fromEntries(entries)
}
