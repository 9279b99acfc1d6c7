/** The few KRPC messages (BEP 5) that a load and its stand-in contacts need, built and read with no codec of either side measured. */

const IS_RESPONSE = Buffer.from('1:y1:r')
const IS_QUERY = Buffer.from('1:y1:q')
const TRANSACTION = Buffer.from('1:t')
const TOKEN = Buffer.from('5:token')
const NODES = Buffer.from('5:nodes')
const VALUES = Buffer.from('6:values')

/** Where `getPeersQuery` has the info hash and the transaction id (4 bytes), to be overwritten in place. */
export const INFO_HASH_AT = 'd1:ad2:id20:'.length + 20 + '9:info_hash20:'.length
export const TRANSACTION_AT = INFO_HASH_AT + 20 + 'e1:q9:get_peers1:t4:'.length

export function getPeersQuery(id: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from('d1:ad2:id20:'),
    id,
    Buffer.from('9:info_hash20:'),
    Buffer.alloc(20),
    Buffer.from('e1:q9:get_peers1:t4:....1:y1:qe'),
  ])
}

/** An answer to `get_peers` in full: a token, and nodes or values. */
export function isGetPeersAnswer(message: Buffer): boolean {
  return (
    message.includes(IS_RESPONSE) && message.includes(TOKEN) && (message.includes(NODES) || message.includes(VALUES))
  )
}

/** The answer of a contact that knows no others, or `undefined` for what is no query. */
export function emptyAnswer(query: Buffer, id: Buffer): Buffer | undefined {
  if (!query.includes(IS_QUERY)) return undefined
  const transaction = transactionOf(query)
  if (!transaction) return undefined
  return Buffer.concat([
    Buffer.from('d1:rd2:id20:'),
    id,
    Buffer.from(`5:nodes0:e1:t${transaction.length}:`),
    transaction,
    Buffer.from('1:y1:re'),
  ])
}

function transactionOf(message: Buffer): Buffer | undefined {
  const at = message.lastIndexOf(TRANSACTION)
  if (at < 0) return undefined
  const colon = message.indexOf(0x3a, at + 3)
  const length = Number(message.toString('latin1', at + 3, colon))
  return Number.isInteger(length) ? message.subarray(colon + 1, colon + 1 + length) : undefined
}
