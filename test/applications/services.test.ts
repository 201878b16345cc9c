import { createHash, createHmac } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Applications, startApplications } from '../helpers/applications.ts'
import { type Origin, startOrigin } from '../helpers/origin.ts'

/** Clients of other people's services, unmodified, against an origin of the test that answers for them. */

interface Asked {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: string
}
type Answer = readonly [status: number, body: unknown, headers?: Readonly<Record<string, string>>]

let applications: Applications
let origin: Origin
let asked: Asked[] = []
let stored: Buffer = Buffer.alloc(0)

/** Answers by `METHOD /path`, without the query; undefined leaves a request without an answer. */
const answers: Readonly<Record<string, (asked: Asked) => Answer | undefined>> = {
  // Stripe
  'POST /v1/customers': () => [200, { id: 'cus_1', object: 'customer' }],
  'GET /v1/customers': ({ path }) => {
    const after = new URL(path, origin.url).searchParams.get('starting_after')
    const ids = after === null ? ['cus_1', 'cus_2'] : ['cus_3']
    return [200, { object: 'list', url: '/v1/customers', has_more: after === null, data: ids.map((id) => ({ id, object: 'customer' })) }]
  },
  'POST /v1/payment_intents': () => [402, { error: { type: 'card_error', code: 'card_declined', message: 'declined' } }],
  'POST /v1/refunds': () => (asked.length === 1 ? [503, { error: { type: 'api_error', message: 'busy' } }, { 'stripe-should-retry': 'true' }] : [200, { id: 're_1' }]),
  'POST /v1/files': () => [200, { id: 'file_1', object: 'file' }],
  'GET /v1/balance': () => undefined,
  // Supabase
  'GET /rest/v1/notes': ({ path, headers }) => {
    if (path.includes('id=eq.99')) return headers['accept'] === 'application/vnd.pgrst.object+json' ? [406, { code: 'PGRST116', message: 'no rows' }] : [200, []]
    if (headers['accept'] === 'text/csv') return [200, 'id,title\n1,a', { 'content-type': 'text/csv' }]
    return [206, [{ id: 2, title: 'a', author: { name: 'Änn' } }], { 'content-range': '0-0/7' }]
  },
  'POST /rest/v1/notes': ({ body, headers }) => (String(headers['prefer']).includes('return=representation') ? [201, JSON.parse(body)] : [201, '']),
  'PATCH /rest/v1/notes': () => [200, [{ id: 1 }]],
  'DELETE /rest/v1/notes': () => [204, ''],
  'POST /rest/v1/rpc/add': ({ body }) => [200, Object.values(JSON.parse(body) as Record<string, number>).reduce((sum, value) => sum + value, 0)],
  'GET /rest/v1/secrets': () => [403, { code: '42501', message: 'permission denied', details: null, hint: null }],
  'POST /auth/v1/token': ({ body }) =>
    (JSON.parse(body) as { password: string }).password === 'right'
      ? [200, { access_token: 'token-1', refresh_token: 'refresh-1', token_type: 'bearer', expires_in: 3600, user: { id: 'u1', email: 'ann@example.com' } }]
      : [400, { error_code: 'invalid_credentials', msg: 'wrong' }, { 'x-supabase-api-version': '2024-01-01' }],
  'POST /storage/v1/object/files/folder/bytes.bin': () => [200, { Id: '1', Key: 'files/folder/bytes.bin' }],
  'POST /storage/v1/object/files/raw.bin': () => [200, { Id: '2', Key: 'files/raw.bin' }],
  'GET /storage/v1/object/files/folder/bytes.bin': () => [200, Uint8Array.of(0, 255, 1), { 'content-type': 'application/x-bytes' }],
  'GET /storage/v1/object/files/none': () => [400, { statusCode: '404', error: 'not_found', message: 'none' }],
  'POST /functions/v1/hello': ({ body }) => [200, { hello: (JSON.parse(body) as { name: string }).name }],
  'POST /functions/v1/fails': () => [500, { message: 'failed' }],
  // AWS: busy at first
  'POST /tables/%C3%A4%20b': () => (asked.length === 1 ? [500, {}] : [200, { done: true }]),
}

function send(response: ServerResponse, [status, body, headers = {}]: Answer): void {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array
  response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_1', ...headers }).end(isRaw ? body : JSON.stringify(body))
}

beforeAll(async () => {
  origin = await startOrigin((request, response) => {
    void buffer(request).then((bytes) => {
      const { method = '', url: path = '', headers } = request
      const entry: Asked = { method, path, headers, body: bytes.toString('utf8') }
      asked.push(entry)
      stored = bytes
      const answer = answers[`${method} ${path.split('?', 1)[0]}`]
      if (answer === undefined) {
        send(response, [404, { message: `nothing at ${method} ${path}` }])
        return
      }
      const given = answer(entry)
      if (given !== undefined) send(response, given)
    })
  })
  applications = await startApplications('services', origin.address)
})
afterAll(async () => {
  await applications?.close()
  await origin?.close()
})
beforeEach(() => {
  asked = []
})

const jsonOf = (functionName: string, path: string): Promise<unknown> =>
  applications.askJson(functionName, `${path}?origin=${encodeURIComponent(origin.url)}`)

describe('stripe', () => {
  test('sends nested parameters as a form, with its headers', async () => {
    expect(await jsonOf('stripe', '/create')).toEqual({ id: 'cus_1', requestId: 'req_1', status: 200 })
    expect(asked[0]?.headers).toMatchObject({
      'authorization': 'Bearer sk_test_1',
      'content-type': 'application/x-www-form-urlencoded',
      'idempotency-key': 'key-1',
      'stripe-account': 'acct_1',
    })
    expect([...new URLSearchParams(asked[0]?.body)]).toEqual([
      ['name', 'Änn & Co'], ['metadata[plan]', 'a/b'], ['metadata[empty]', ''], ['address[line1]', 'Straße 1'], ['preferred_locales[0]', 'de'], ['preferred_locales[1]', 'en'],
    ])
  })

  test('reads page after page', async () => {
    expect(await jsonOf('stripe', '/list')).toEqual(['cus_1', 'cus_2', 'cus_3'])
    expect(asked.map(({ path }) => decodeURIComponent(path))).toEqual(['/v1/customers?limit=2&created[gte]=5', '/v1/customers?limit=2&created[gte]=5&starting_after=cus_2'])
  })

  test('tells what was declined, and tries again where it may', async () => {
    expect(await jsonOf('stripe', '/declined')).toEqual({
      type: 'StripeCardError', code: 'card_declined', statusCode: 402, requestId: 'req_1', message: 'declined', isCardError: true,
    })
    asked = []
    expect(await jsonOf('stripe', '/retried')).toBe('re_1')
    const keys = asked.map(({ headers }) => headers['idempotency-key'])
    expect(keys).toHaveLength(2)
    expect(keys[0]).toMatch(/^stripe-node-retry-/)
    expect(keys[1]).toBe(keys[0])
  })

  test('uploads bytes, and gives up in time', async () => {
    expect(await jsonOf('stripe', '/upload')).toBe('file_1')
    expect(asked[0]?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/)
    expect(stored.includes(Buffer.from('filename="bytes.bin"\r\nContent-Type: application/octet-stream\r\n\r\n\u0000ÿ\u0001\r\n', 'latin1'))).toBe(true)
    expect(await jsonOf('stripe', '/slow')).toMatchObject({ isConnectionError: true, message: expect.stringContaining('timeout') })
  })

  describe('webhooks', () => {
    const payload = JSON.stringify({ id: 'evt_1', object: 'event', type: 'charge.succeeded', data: { object: { id: 'ch_Ü' } } })
    const sign = (timestamp: number, secret = 'whsec_test', text = payload): string =>
      `t=${timestamp},v1=${createHmac('sha256', secret).update(`${timestamp}.${text}`).digest('hex')},v0=ignored`
    const deliver = async (signature: string, body = payload): Promise<[number, unknown]> => {
      const response = await applications.ask('stripe', '/webhook', { method: 'POST', body, headers: { 'stripe-signature': signature } })
      return [response.status, await response.json()]
    }
    const now = (): number => Math.floor(Date.now() / 1000)

    test('are accepted with the right signature alone', async () => {
      expect(await deliver(sign(now()))).toEqual([200, { type: 'charge.succeeded', id: 'ch_Ü' }])
      expect(await deliver(sign(now(), 'whsec_other'))).toMatchObject([400, { type: 'StripeSignatureVerificationError' }])
      expect(await deliver(sign(now()), payload.replace('ch_Ü', 'ch_X'))).toMatchObject([400, { type: 'StripeSignatureVerificationError' }])
      expect(await deliver(sign(now() - 3600))).toMatchObject([400, { message: expect.stringContaining('Timestamp outside the tolerance zone') }])
    })

    test('are signed as Stripe does', async () => {
      expect(await jsonOf('stripe', '/signature')).toBe(sign(1_700_000_000, 'whsec_test', '{"id":1}').replace(',v0=ignored', ''))
    })
  })
})

describe('@supabase/supabase-js', () => {
  test('selects with filters, order and count', async () => {
    expect(await jsonOf('supabase', '/select')).toEqual({ data: [{ id: 2, title: 'a', author: { name: 'Änn' } }], count: 7, error: null, status: 206 })
    expect([...new URL(asked[0]?.path ?? '', origin.url).searchParams]).toEqual([
      ['select', 'id,title,author:users(name)'], ['author.name', 'eq.Änn'], ['id', 'in.(1,2)'], ['or', '(title.ilike.*a*,title.is.null)'],
      ['order', 'id.desc'], ['offset', '0'], ['limit', '10'],
    ])
    expect(asked[0]?.headers).toMatchObject({ apikey: 'anon-key', authorization: 'Bearer anon-key', prefer: 'count=exact' })
  })

  test('tells one row from none, and what is refused', async () => {
    expect(await jsonOf('supabase', '/single')).toEqual({ data: null, code: 'PGRST116', status: 406, maybe: [null, null] })
    expect(await jsonOf('supabase', '/refused')).toEqual({
      error: { code: '42501', message: 'permission denied', details: null, hint: null }, status: 403, statusText: expect.any(String),
    })
  })

  test('inserts, upserts, updates and deletes', async () => {
    expect(await jsonOf('supabase', '/write')).toEqual({ inserted: [{ title: 'one' }, { title: 'zwei ü' }], statuses: [201, 201, 200, 204] })
    expect(asked.map(({ method }) => method)).toEqual(['POST', 'POST', 'PATCH', 'DELETE'])
    expect(asked[1]).toMatchObject({ path: '/rest/v1/notes?on_conflict=id', headers: { prefer: expect.stringContaining('resolution=merge-duplicates') } })
  })

  test('calls procedures and functions, and reads CSV', async () => {
    expect(await jsonOf('supabase', '/rpc')).toBe(42)
    expect(await jsonOf('supabase', '/functions')).toEqual({ data: { hello: 'Ünal' }, failed: 'FunctionsHttpError' })
    const csv = await applications.ask('supabase', `/csv?origin=${encodeURIComponent(origin.url)}`)
    expect(await csv.text()).toBe('id,title\n1,a')
  })

  test('signs in, and goes on as that user', async () => {
    expect(await jsonOf('supabase', '/session')).toEqual({ user: 'ann@example.com', events: true, wrong: ['AuthApiError', 400, 'invalid_credentials'] })
    expect(asked.at(-1)?.headers['authorization']).toBe('Bearer token-1')
  })

  test('stores and reads files', async () => {
    expect(await jsonOf('supabase', '/storage')).toEqual({
      paths: ['folder/bytes.bin', 'raw.bin'],
      bytes: [0, 255, 1],
      type: 'application/x-bytes',
      missing: 'StorageApiError',
      url: `${origin.url}/storage/v1/object/public/files/a%20b.txt?download=`,
    })
    const [blob, raw] = asked
    expect(blob?.headers).toMatchObject({ 'content-type': expect.stringMatching(/^multipart\/form-data/), 'x-upsert': 'true' })
    expect(raw?.headers['content-type']).toBe('application/x-raw')
    expect(raw?.body).toBe('\u0007\u0008')
  })
})

describe('aws4fetch', () => {
  const text = async (path: string): Promise<string> => (await applications.ask('aws', path)).text()

  test('gives the signatures of AWS\'s own examples', async () => {
    expect(await text('/vanilla')).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    )
    expect(await text('/listed')).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    )
    expect(new URL(await text('/presigned')).searchParams.get('X-Amz-Signature')).toBe('aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404')
  })

  test('signs what it sends, each time that it tries', async () => {
    expect(await jsonOf('aws', '/put')).toEqual({ status: 200, body: { done: true } })
    expect(asked).toHaveLength(2)
    for (const { headers, body } of asked) {
      const { host, authorization, 'x-amz-date': date, 'x-amz-target': target } = headers as Record<string, string>
      expect([body, target]).toEqual(['{"Grüße":1}', 'Put'])
      const hash = (value: string): string => createHash('sha256').update(value).digest('hex')
      const hmac = (key: string | Buffer, value: string): Buffer => createHmac('sha256', key).update(value).digest()
      const canonical = ['POST', '/tables/%25C3%25A4%2520b', 'a=2&x=1', `host:${host}\nx-amz-date:${date}\nx-amz-target:Put\n`, 'host;x-amz-date;x-amz-target', hash(body)].join('\n')
      const scope = [date?.slice(0, 8) ?? '', 'eu-central-1', 'dynamodb', 'aws4_request']
      const key = scope.reduce<string | Buffer>((previous, part) => hmac(previous, part), 'AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY')
      const signature = hmac(key, ['AWS4-HMAC-SHA256', date, scope.join('/'), hash(canonical)].join('\n')).toString('hex')
      expect(authorization).toBe(`AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/${scope.join('/')}, SignedHeaders=host;x-amz-date;x-amz-target, Signature=${signature}`)
    }
  })
})
