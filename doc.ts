import { mkdtempSync, writeFileSync } from 'node:fs'
import { startControlPlane } from './control-plane/index.ts'
const plane = await startControlPlane({ port: 0, dataDirectory: mkdtempSync('/tmp/scale/doc-') })
writeFileSync('/tmp/scale/openapi.json', await (await fetch(`${plane.url}/v1/openapi.json`)).text())
await plane.close()
