import { Hono } from 'hono'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import * as z from 'zod'

/** An application of ordinary size: a router, a validator, and a page made on the server. */
const number = z.string().parse('@number@')
const app = new Hono()
app.get('*', (context) => {
  const { page } = z.object({ page: z.coerce.number().int() }).parse({ page: context.req.query('page') ?? '1' })
  return context.html(renderToString(createElement('p', { id: `page-${page}` }, `Hello from function ${number}`)))
})

export default app
