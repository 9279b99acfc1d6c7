/**
 * One codec at a `get_peers` reply of 475 bytes: ours (the parser and the answer writer that the server runs) or npm
 * bencode, which npm bittorrent-dht runs. Each process loads one of them.
 */
import { answerRequests, childOptions } from './child.ts'

export type CodecKind = 'shoal' | 'bencode'
export type Direction = 'decode' | 'encode'

interface Codec {
  decode(): unknown
  encode(): Uint8Array
}

const { kind } = childOptions<{ kind: CodecKind }>()

/** Comes with npm bittorrent-dht; it publishes no types. */
const NPM_BENCODE = 'bencode'
const REPLY_BYTES = 475
const NODES = 8
const PEER = 'peer..'
const VALUES = 16
const ID = 'i'.repeat(20)
const COMPACT_NODE = Buffer.alloc(26, 0x6e)
/** `ip`, `r` with `id`, `nodes`, `token` and `values`, then `t`, `v` and `y`: what our server sends. */
const TRANSACTION = 't'.repeat(4)
const VERSION = 'SL\x00\x01'
const QUESTION = `d1:ad2:id20:${ID}9:info_hash20:${ID}e1:q9:get_peers1:t4:${TRANSACTION}1:y1:qe`
const TOKEN = tokenFor(REPLY_BYTES)
const REPLY = Buffer.from(reply(TOKEN), 'latin1')

function reply(token: string): string {
  const values = `6:${PEER}`.repeat(VALUES)
  const nodes = COMPACT_NODE.toString('latin1').repeat(NODES)
  return (
    `d2:ip6:${PEER}1:rd2:id20:${ID}5:nodes${nodes.length}:${nodes}5:token${token.length}:${token}` +
    `6:valuesl${values}ee1:t4:${TRANSACTION}1:v4:${VERSION}1:y1:re`
  )
}

/** The token is as long as makes the reply as long as it shall be. */
function tokenFor(length: number): string {
  for (let bytes = 0; bytes < length; bytes++) {
    if (reply('k'.repeat(bytes)).length === length) return 'k'.repeat(bytes)
  }
  throw new Error(`no reply has ${length} bytes`)
}

const CODECS: Record<CodecKind, () => Promise<Codec>> = {
  shoal: async () => {
    const [{ KrpcParser }, { writeAnswer }, { KrpcWriter }, { readNodeId }] = await Promise.all([
      import('../../packages/dht/dist/core/krpc/parse.js'),
      import('../../packages/dht/dist/core/krpc/answer.js'),
      import('../../packages/dht/dist/core/krpc/writer.js'),
      import('../../packages/dht/dist/core/id/node-id.js'),
    ])
    const parser = new KrpcParser()
    const writer = new KrpcWriter()
    const question = Buffer.from(QUESTION, 'latin1')
    const message = parser.parse(question)
    if (message.kind !== 'get_peers') throw new Error(`the question is ${message.kind}`)
    const asker = { compact: Buffer.from(PEER), compactLength: PEER.length, question }
    const ownId = readNodeId(Buffer.from(ID), 0)
    const nodes = Array.from({ length: NODES }, () => ({ compact: COMPACT_NODE }))
    const view = new DataView(Uint8Array.from(Buffer.from(PEER.repeat(VALUES))).buffer)
    const body = { nodes, token: Buffer.from(TOKEN), values: { view, width: PEER.length, count: VALUES } }
    return {
      decode: () => parser.parse(REPLY),
      encode: () => {
        writer.begin()
        writeAnswer(writer, asker, message, { ownId, body })
        return writer.end()
      },
    }
  },
  bencode: async () => {
    const { default: bencode } = (await import(NPM_BENCODE)) as {
      default: { decode(bytes: Uint8Array): unknown; encode(value: unknown): Uint8Array }
    }
    const value = bencode.decode(REPLY)
    return { decode: () => bencode.decode(REPLY), encode: () => bencode.encode(value) }
  },
}

const codec = await CODECS[kind]()
if (!Buffer.from(codec.encode()).equals(REPLY)) {
  throw new Error(
    `${kind} writes another reply:\n${Buffer.from(codec.encode()).toString('latin1')}\n${REPLY.toString('latin1')}`,
  )
}
/** What comes out is looked at, so that no work can be left out. */
let seen: unknown

answerRequests({
  /** How often a second of processor time, over `ms`: what else runs on the machine then matters little. */
  rate: ({ direction, ms }: { direction: Direction; ms: number }) => {
    const run = codec[direction]
    const cpu = process.cpuUsage()
    const start = performance.now()
    let count = 0
    while (performance.now() - start < ms) {
      for (let i = 0; i < 200; i++) seen = run()
      count += 200
    }
    const { user, system } = process.cpuUsage(cpu)
    return seen === undefined ? 0 : (count * 1e6) / (user + system)
  },
})
