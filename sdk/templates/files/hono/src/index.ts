import { Hono } from 'hono'

interface Env {
  readonly GREETING: string
}

const app = new Hono<{ Bindings: Env }>()

app.get('/', (context) => context.text(`${context.env.GREETING} from Hono!\n`))
app.get('/hello/:name', (context) => context.json({ message: `${context.env.GREETING}, ${context.req.param('name')}!` }))

export default app
