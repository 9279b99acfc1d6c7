/** No oversize datagram, and no answer that makes us useful for amplification: 1,024 bytes and six times the question for `find_node` and `get_peers`, 1,280 bytes for anything. */

import { answered, type OracleFactory } from './oracle.ts'

const DATAGRAM_BYTES_MAX = 1_280
const ANSWER_BYTES_MAX = 1_024
const ANSWER_RATIO_MAX = 6
/** A query of BEP 5 in its shortest form: what an answer is measured by where the question was not kept. */
const SHORT_METHODS = new Set(['find_node', 'get_peers', 'ping', 'announce_peer'])

export const datagramSizes: OracleFactory = (_world, breach) => {
  let questionBytes = 0
  return {
    name: 'datagram-sizes',
    handleDelivered({ bytes }) {
      questionBytes = bytes.length
    },
    handleSent(seen) {
      const { host, bytes } = seen
      if (bytes.length > DATAGRAM_BYTES_MAX) breach('datagram-sizes', host, `sends ${bytes.length} bytes`)
      const query = answered(seen)
      if (query === undefined || !SHORT_METHODS.has(query.method) || query.args.has('scrape')) return
      const allowed = Math.min(ANSWER_BYTES_MAX, ANSWER_RATIO_MAX * questionBytes)
      if (bytes.length > allowed) {
        breach('datagram-sizes', host, `answers ${query.method} of ${questionBytes} bytes with ${bytes.length}`)
      }
    },
  }
}
