/** The few KRPC messages (BEP 5) that loads and stand-in contacts need, built and read with no codec of either side measured. */

export type Method = 'ping' | 'find_node' | 'get_peers' | 'announce_peer'
/** What a load asks; `announce` is get_peers and then announce_peer with the token from its answer. */
export type Load = Method | 'announce'
export const LOADS: readonly Load[] = ['ping', 'find_node', 'get_peers', 'announce_peer', 'announce']

const IS_RESPONSE = Buffer.from('1:y1:r')
const IS_QUERY = Buffer.from('1:y1:q')
const TRANSACTION = Buffer.from('1:t')
const TOKEN = Buffer.from('5:token')
const NODES = Buffer.from('5:nodes')
const VALUES = Buffer.from('6:values')
/** The port that announcements name; nobody is there. */
const ANNOUNCED_PORT = 6881

/** A query whose transaction id (4 bytes) and target (20 bytes; none in a ping) are overwritten in place. */
export interface QueryTemplate {
  readonly bytes: Buffer
  readonly transactionAt: number
  readonly targetAt: number | undefined
}

export function queryTemplate(method: Method, id: Buffer, token: Buffer = Buffer.alloc(0)): QueryTemplate {
  const head = Buffer.concat([Buffer.from('d1:ad2:id20:'), id])
  const name = { ping: '', find_node: '6:target20:', get_peers: '9:info_hash20:', announce_peer: '9:info_hash20:' }[
    method
  ]
  const targetAt = name === '' ? undefined : head.length + name.length
  const target = Buffer.from(name === '' ? '' : name + '.'.repeat(20))
  const announced =
    method === 'announce_peer'
      ? [Buffer.from(`4:porti${ANNOUNCED_PORT}e5:token${token.length}:`), token]
      : [Buffer.alloc(0)]
  const question = Buffer.from(`e1:q${method.length}:${method}1:t4:`)
  const before = Buffer.concat([head, target, ...announced, question])
  return { bytes: Buffer.concat([before, Buffer.from('....1:y1:qe')]), transactionAt: before.length, targetAt }
}

/** An answer in full to a query of this method; an error is none. */
export function isFullAnswer(method: Method, message: Buffer): boolean {
  if (!message.includes(IS_RESPONSE)) return false
  if (method === 'find_node') return message.includes(NODES)
  if (method === 'get_peers') return message.includes(TOKEN) && (message.includes(NODES) || message.includes(VALUES))
  return true
}

/** The token of an answer to `get_peers`. */
export function tokenOf(message: Buffer): Buffer | undefined {
  const at = message.indexOf(TOKEN)
  return at < 0 ? undefined : stringAt(message, at + TOKEN.length)
}

/** The answer of a contact that knows no others, or `undefined` for what is no query. */
export function emptyAnswer(query: Buffer, id: Buffer): Buffer | undefined {
  if (!query.includes(IS_QUERY)) return undefined
  const at = query.lastIndexOf(TRANSACTION)
  const transaction = at < 0 ? undefined : stringAt(query, at + TRANSACTION.length)
  if (!transaction) return undefined
  return Buffer.concat([
    Buffer.from('d1:rd2:id20:'),
    id,
    Buffer.from(`5:nodes0:e1:t${transaction.length}:`),
    transaction,
    Buffer.from('1:y1:re'),
  ])
}

/** The string that begins here with its length. */
function stringAt(message: Buffer, at: number): Buffer | undefined {
  const colon = message.indexOf(0x3a, at)
  const length = Number(message.toString('latin1', at, colon))
  return Number.isInteger(length) ? message.subarray(colon + 1, colon + 1 + length) : undefined
}
