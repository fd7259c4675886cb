import { ExternalLink } from 'lucide-react'
import type { ReactNode } from 'react'
import { bytes } from '../../format/numbers.ts'
import { Badge } from '../../parts/badge.tsx'
import { Snippet } from '../../parts/snippet.tsx'
import { isObject, type JsonObject } from './form/json.ts'
import { imageUrl, prettyJson, sizeOfBase64, soundUrl, webAddress } from './safe-media.ts'

/** One piece of a result. It was written by a server: nothing in it can act, and what is not known is shown as JSON. */
export function ContentBlock({ block }: { block: unknown }) {
  if (!isObject(block)) return <Unknown kind="Unknown" block={block} />
  const { type, text, mimeType, data, resource } = block
  if (type === 'text' && typeof text === 'string') return <TextBlock text={text} />
  if (type === 'image') return <Image type={mimeType} data={data} block={block} />
  if (type === 'audio') return <Sound type={mimeType} data={data} block={block} />
  if (type === 'resource_link') return <ResourceLink link={block} />
  if (type === 'resource' && isObject(resource)) return <Resource resource={resource} block={block} />
  return <Unknown kind={typeof type === 'string' ? type : 'Unknown'} block={block} />
}

function Block({ kind, children }: { kind: ReactNode; children: ReactNode }) {
  return (
    <section className="stack close">
      <div className="row">
        <Badge>{kind}</Badge>
      </div>
      {children}
    </section>
  )
}

function TextBlock({ text }: { text: string }) {
  const json = prettyJson(text)
  return (
    <Block kind={json === undefined ? 'Text' : 'JSON in a text'}>
      <Snippet text={json ?? text} fold />
    </Block>
  )
}

function Image({ type, data, block }: { type: unknown; data: unknown; block: unknown }) {
  const url = imageUrl(type, data)
  if (url === undefined) return <Unknown kind={`Image that is not shown (${String(type)})`} block={block} />
  return (
    <Block kind={`Image, ${String(type)}`}>
      <img className="result-image" src={url} alt="From the tool" />
    </Block>
  )
}

function Sound({ type, data, block }: { type: unknown; data: unknown; block: unknown }) {
  const url = soundUrl(type, data)
  if (url === undefined) return <Unknown kind={`Audio that is not played (${String(type)})`} block={block} />
  return (
    <Block kind={`Audio, ${String(type)}`}>
      {/* biome-ignore lint/a11y/useMediaCaption: there are no captions for what a tool sends. */}
      <audio controls src={url} />
    </Block>
  )
}

function ResourceLink({ link }: { link: JsonObject }) {
  const { uri, name, title, description, mimeType } = link
  return (
    <Block kind="Link to a resource">
      <p className="wrap">
        <Address uri={uri} label={textOr(title, textOr(name, undefined))} />
        {typeof mimeType === 'string' && <span className="soft small"> {mimeType}</span>}
      </p>
      {typeof description === 'string' && <p className="soft wrap">{description}</p>}
    </Block>
  )
}

/** A link only where it leads to the web; its address is always to be seen. */
function Address({ uri, label }: { uri: unknown; label: string | undefined }) {
  const address = webAddress(uri)
  const text = <code className="wrap">{typeof uri === 'string' ? uri : JSON.stringify(uri)}</code>
  return (
    <>
      {label !== undefined && <span className="strong">{label} </span>}
      {address === undefined ? (
        text
      ) : (
        <a href={address} target="_blank" rel="noopener noreferrer nofollow">
          {text} <ExternalLink size={13} aria-label="opens in a new tab" />
        </a>
      )}
    </>
  )
}

function Resource({ resource, block }: { resource: JsonObject; block: unknown }) {
  const { uri, mimeType, text, blob } = resource
  const kind = `Resource${typeof mimeType === 'string' ? `, ${mimeType}` : ''}`
  if (typeof text === 'string')
    return (
      <Block kind={kind}>
        <Address uri={uri} label={undefined} />
        <Snippet text={prettyJson(text) ?? text} fold />
      </Block>
    )
  if (typeof blob !== 'string') return <Unknown kind={kind} block={block} />
  const image = imageUrl(mimeType, blob)
  return (
    <Block kind={kind}>
      <Address uri={uri} label={undefined} />
      {image === undefined ? (
        <p className="soft">{bytes(sizeOfBase64(blob))} of data, not shown.</p>
      ) : (
        <img className="result-image" src={image} alt="From the tool" />
      )}
    </Block>
  )
}

function Unknown({ kind, block }: { kind: string; block: unknown }) {
  return (
    <Block kind={kind}>
      <Snippet text={JSON.stringify(block, null, 2)} />
    </Block>
  )
}

function textOr<T>(value: unknown, otherwise: T): string | T {
  return typeof value === 'string' && value !== '' ? value : otherwise
}
