import type { PeerName } from '../peers/peer.ts'

/** Colours that people with any colour vision tell apart (after Okabe and Ito); the reference is grey. */
export const peerColors: Readonly<Record<PeerName, string>> = {
  'skerry': '#0072b2',
  'workerd': '#d55e00',
  'deno': '#009e73',
  'node-http': '#8a8f98',
}

export const ink = '#1f2430'
export const mutedInk = '#5c6370'
export const gridColor = '#e3e6eb'
export const minorGridColor = '#f2f4f6'
export const fontFamily = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

/** Geometry in pixels. */
export const width = 960
export const plotLeft = 170
export const plotRight = 920
