import { createInvoker } from './index.ts'
import { invokerContract } from './testing/contract.ts'

invokerContract('in Node', async () => ({ nodeUrl: (_name, port) => `http://127.0.0.1:${port}`, create: createInvoker, tellsSent: true }))
