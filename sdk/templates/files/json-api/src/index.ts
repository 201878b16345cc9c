interface Env {
  readonly GREETING: string
}

const refuse = (status: number, error: string): Response => Response.json({ error }, { status })

async function greet(request: Request, env: Env): Promise<Response> {
  const body: unknown = await request.json().catch(() => undefined)
  const name: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'name') : undefined
  if (typeof name !== 'string' || name === '') return refuse(400, 'Send {"name": "..."}')
  return Response.json({ message: `${env.GREETING}, ${name}!` }, { status: 201 })
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname === '/') return Response.json({ endpoints: ['GET /health', 'POST /greetings'] })
    if (pathname === '/health') return Response.json({ ok: true })
    if (pathname === '/greetings') return request.method === 'POST' ? greet(request, env) : refuse(405, 'Use POST')
    return refuse(404, 'There is nothing here')
  },
}
