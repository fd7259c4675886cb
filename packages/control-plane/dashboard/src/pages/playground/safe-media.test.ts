import { describe, expect, it } from 'vitest'
import { imageUrl, prettyJson, sizeOfBase64, soundUrl, webAddress } from './safe-media.ts'

describe('what a server sends', () => {
  it('is an image only where it can be nothing else', () => {
    expect(imageUrl('image/png', 'iVBORw0KGgo=')).toBe('data:image/png;base64,iVBORw0KGgo=')
    expect(imageUrl('IMAGE/PNG; x=y', 'AA==')).toBe('data:image/png;base64,AA==')
    for (const [type, data] of [
      ['image/svg+xml', 'PHN2Zz4='],
      ['text/html', 'AA=='],
      ['image/png,<svg', 'AA=='],
      ['image/png', 'AA==,<script>'],
      ['image/png', 'not base64'],
      ['image/png', undefined],
      [undefined, 'AA=='],
    ])
      expect(imageUrl(type, data)).toBeUndefined()
    expect(soundUrl('audio/wav', 'AA==')).toBe('data:audio/wav;base64,AA==')
    expect(soundUrl('video/mp4', 'AA==')).toBeUndefined()
  })

  it('is a link only to the web', () => {
    expect(webAddress('https://example.com/a b')).toBe('https://example.com/a%20b')
    for (const uri of [
      'javascript:alert(1)',
      ' jAvAsCrIpT:x',
      'data:text/html,x',
      'file:///etc/passwd',
      '//x',
      '',
      7,
    ])
      expect(webAddress(uri)).toBeUndefined()
  })

  it('is laid out as JSON only where no digit is lost', () => {
    expect(prettyJson('{"a":[1]}')).toBe('{\n  "a": [\n    1\n  ]\n}')
    expect(prettyJson('{"id":9007199254740993}')).toBeUndefined()
    expect(prettyJson('{"a":')).toBeUndefined()
    expect(prettyJson('12')).toBeUndefined()
  })

  it('has the size of what it stands for', () => {
    for (const length of [0, 1, 2, 3, 100]) expect(sizeOfBase64(btoa('x'.repeat(length)))).toBe(length)
  })
})
