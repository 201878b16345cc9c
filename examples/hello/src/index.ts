interface Env {
  readonly GREETING: string
}

/** What Skerry tells of the client and of where it is served. */
interface Skerry {
  readonly country?: string
  readonly region: string
  readonly node: string
  readonly cold: boolean
}

export default {
  async fetch(request: Request & { readonly skerry: Skerry }, env: Env): Promise<Response> {
    const { region, node, cold, country } = request.skerry
    const name = new URL(request.url).searchParams.get('name') ?? 'world'
    console.log(`greeting ${name} from ${region}`)
    return Response.json({ message: `${env.GREETING}, ${name}!`, region, node, cold, country })
  },
}
