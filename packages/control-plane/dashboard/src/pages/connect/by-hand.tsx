import { useState } from 'react'
import { CopyButton, Snippet } from '../../parts/snippet.tsx'
import { type ClientFacts, type Direct, PLACEHOLDER, TOKEN_VARIABLE } from './client-facts.ts'
import type { System } from './launch.ts'
import { bridgeText, directText, filePath } from './set-up.ts'

interface Props {
  client: ClientFacts
  system: System
  url: string
}

/** The file and what to paste into it, for those who want to see every byte. */
export function ByHand({ client, system, url }: Props) {
  const [direct, setDirect] = useState(false)
  const text = directText(client, url)
  const shown = direct && text !== undefined ? text : bridgeText(client, system, url)
  return (
    <div className="stack close">
      <Files client={client} system={system} />
      {text !== undefined && (
        <fieldset className="segments" aria-label="How it reaches the workspace">
          <button type="button" aria-pressed={!direct} onClick={() => setDirect(false)}>
            Through the bridge
          </button>
          <button type="button" aria-pressed={direct} onClick={() => setDirect(true)}>
            Straight to the URL
          </button>
        </fieldset>
      )}
      <p className="soft small">
        {direct && client.direct !== undefined
          ? tokenWords(client.direct, client.name)
          : 'Starts a small program with npx (Node 20 or later), which takes the token from the keychain of this computer. Log in first, as above: no secret stands in the file.'}
      </p>
      <Snippet text={shown} />
      {direct && (
        <p className="soft small">
          Where {client.name} can log in by itself (OAuth), leave the token out and give it the URL alone: it
          opens a page on which you approve it.
        </p>
      )}
      <p className="soft small">
        If the file has <code>{client.container}</code> already, add only the part named <code>mcpgw</code> to
        it.
      </p>
    </div>
  )
}

function Files({ client, system }: { client: ClientFacts; system: System }) {
  const [first = '', ...others] = client.files[system].map((file) => filePath(file, system))
  return (
    <div className="row">
      <span>
        Paste it into <code className="wrap">{first}</code>
        {others.map((file) => (
          <span key={file}>
            {' '}
            (or <code className="wrap">{file}</code>, if that is there)
          </span>
        ))}
      </span>
      <CopyButton text={first} label="Copy path" />
    </div>
  )
}

/** Where the token goes: it is never filled in here. */
function tokenWords({ token }: Direct, name: string): string {
  if (token === 'asked')
    return `Nothing to fill in: ${name} asks for the token at the first start and keeps it safely.`
  if (token === 'variable')
    return `${name} reads the token from the variable ${TOKEN_VARIABLE} of the environment it is started in. Set it there; the file stays free of it.`
  return `Put your token in the place of ${PLACEHOLDER}. From then on the file holds a secret: keep it to yourself, and out of repositories.`
}
