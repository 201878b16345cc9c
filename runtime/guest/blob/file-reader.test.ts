import { beforeEach, describe, expect, test } from 'vitest'
import { ScriptedHost } from '../../../test/helpers/scripted-host.ts'
import { HostOperation } from '../../bridge/index.ts'
import type { Event } from '../events/index.ts'
import { connectHost } from '../host.ts'
import { fireTimer } from '../timers/index.ts'
import { Blob } from './blob.ts'
import { buildFileReader } from './file-reader.ts'

const FileReader = buildFileReader()
let host = new ScriptedHost()

beforeEach(() => {
  host = new ScriptedHost()
  connectHost(host.call)
})

const types = ['loadstart', 'progress', 'load', 'abort', 'error', 'loadend']

/** A reader that writes its events down. */
function watch(): { reader: InstanceType<typeof FileReader>; seen: string[] } {
  const reader = new FileReader()
  const seen: string[] = []
  for (const type of types) reader.addEventListener(type, (event: Event) => seen.push(event.type))
  return { reader, seen }
}

/** Lets every timer that was started fire, in order. */
function run(): void {
  for (let index = 0; index < host.calls.length; index += 1) {
    const call = host.calls[index]
    if (call?.operation === HostOperation.timerStart) fireTimer(call.id)
  }
}

describe('FileReader', () => {
  test('reads in tasks', () => {
    const { reader, seen } = watch()
    reader.readAsText(new Blob(['é']))
    expect([reader.readyState, reader.result, seen]).toEqual([1, null, []])
    run()
    expect([reader.readyState, reader.result, seen]).toEqual([2, 'é', ['loadstart', 'progress', 'load', 'loadend']])
  })

  test('reads in each form', () => {
    const { reader } = watch()
    const read = (start: () => void): unknown => {
      start()
      run()
      return reader.result
    }
    const blob = new Blob([new Uint8Array([0xff, 0x61])], { type: 'A/b;charset=latin1' })
    expect(read(() => reader.readAsBinaryString(blob))).toBe('ÿa')
    expect(read(() => reader.readAsDataURL(blob))).toBe('data:a/b;charset=latin1;base64,/2E=')
    expect(read(() => reader.readAsDataURL(new Blob([])))).toBe('data:application/octet-stream;base64,')
    expect([...new Uint8Array(read(() => reader.readAsArrayBuffer(blob)) as ArrayBuffer)]).toEqual([0xff, 0x61])
    expect(read(() => reader.readAsText(blob))).toBe('ÿa')
    expect(read(() => reader.readAsText(blob, 'utf-8'))).toBe('\ufffda')
    expect(read(() => reader.readAsText(new Blob([new Uint8Array([0xfe, 0xff, 0, 0x61])]), 'utf-8'))).toBe('a')
  })

  test('aborts, and begins anew from a listener', () => {
    const { reader, seen } = watch()
    reader.addEventListener('loadstart', () => {
      if (seen.length > 1) return
      reader.abort()
      reader.readAsText(new Blob(['second']))
    })
    reader.readAsText(new Blob(['first']))
    run()
    expect([reader.result, seen]).toEqual(['second', ['loadstart', 'abort', 'loadend', 'loadstart', 'progress', 'load', 'loadend']])
  })

  test('refuses a second read meanwhile, and what is no blob', () => {
    const { reader } = watch()
    expect(() => reader.readAsText({})).toThrow(TypeError)
    reader.readAsText(new Blob([]))
    expect(() => reader.readAsText(new Blob([]))).toThrow(expect.objectContaining({ name: 'InvalidStateError' }))
  })
})
