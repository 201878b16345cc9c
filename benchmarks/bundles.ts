import { join } from 'node:path'
import { bundleFunction } from '../sdk/bundle/index.ts'
import type { FunctionSet, Workload } from './workload.ts'

/** Functions that are bundled from the packages of this folder, as `skerry deploy` does it: one ES module, the same text for every peer. */
async function bundle(name: string): Promise<string> {
  const { script } = await bundleFunction({ directory: join(import.meta.dirname, 'functions'), main: `${name}.js` })
  return new TextDecoder().decode(script)
}

/** hono, zod and react-dom/server in one file: about 600 KB, without needless white space, that are evaluated before the first answer. */
export async function largeFunctions(count: number): Promise<FunctionSet> {
  const template = await bundle('large')
  return { count, template, expectedBody: (index) => `<p id="page-1">Hello from function ${index}</p>` }
}

const items = ['AAA-0001', 'BBB-0002', 'CCC-0003', 'DDD-0004', 'EEE-0005', 'FFF-0006', 'GGG-0007'].map((sku, index) => {
  return { sku, title: `Article number ${index + 1} of the catalogue`, quantity: index + 1, price: 9.99 + index }
})
const order = {
  id: '0b9f7a52-3f0e-4c0b-9d53-0f1d6a1c2e11',
  customer: { name: 'Ada Lovelace', email: 'ada@example.com', country: 'GB' },
  items,
  notes: 'Please leave the parcel at the door of the house, and ring twice. '.repeat(3),
}

/** A Hono route that parses and validates a body of 1 KB, and answers JSON. */
export async function apiWorkload(): Promise<Workload> {
  const total = Math.round(items.reduce((sum, { quantity, price }) => sum + quantity * price, 0) * 100) / 100
  return {
    source: await bundle('json-api'),
    path: '/orders',
    body: { type: 'application/json', text: JSON.stringify(order) },
    expectedBody: JSON.stringify({ id: order.id, customer: order.customer.name, lines: items.length, total }),
  }
}
