import { Hono } from 'hono'
import * as z from 'zod'

/** A small API: reads a JSON body of about 1 KB, validates it, and answers with what it makes of it. */
const order = z.object({
  id: z.uuid(),
  customer: z.object({ name: z.string().min(1).max(200), email: z.email(), country: z.string().length(2) }),
  items: z.array(z.object({ sku: z.string().regex(/^[A-Z]{3}-\d{4}$/), title: z.string(), quantity: z.int().min(1), price: z.number().positive() })).min(1),
  notes: z.string().max(1_000).optional(),
})

const app = new Hono()
app.post('/orders', async (context) => {
  const parsed = order.safeParse(await context.req.json())
  if (!parsed.success) return context.json({ error: 'invalid' }, 400)
  const { id, customer, items } = parsed.data
  const total = items.reduce((sum, { quantity, price }) => sum + quantity * price, 0)
  return context.json({ id, customer: customer.name, lines: items.length, total: Math.round(total * 100) / 100 })
})

export default app
