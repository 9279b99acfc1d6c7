/** The fields of a whole datagram to one typed message: which method it is, and whether its arguments are all there. */

import type { KrpcFields } from './fields.ts'
import { isText } from './is-text.ts'
import type { KrpcError, KrpcQuery, KrpcResponse, PutQuery } from './message.ts'

type Method = Exclude<KrpcQuery['kind'], 'malformed'>

/** The caller has seen that there is an `r` with an id in it. */
export function responseOf(fields: KrpcFields): KrpcResponse {
  return {
    kind: 'response',
    transactionAt: fields.transactionAt,
    transactionLength: fields.transactionLength,
    idAt: fields.idAt,
    nodesAt: fields.nodesAt,
    nodesLength: fields.nodesLength,
    nodes6At: fields.nodes6At,
    nodes6Length: fields.nodes6Length,
    tokenAt: fields.tokenAt,
    tokenLength: fields.tokenLength,
    values: fields.values,
    values6: fields.values6,
    ipAt: fields.ipAt,
    ipLength: fields.ipLength,
    extension: fields.extension.ofResponse(),
  }
}

export function errorOf(fields: KrpcFields): KrpcError {
  return {
    kind: 'error',
    transactionAt: fields.transactionAt,
    transactionLength: fields.transactionLength,
    code: fields.errorCode,
    ipAt: fields.ipAt,
    ipLength: fields.ipLength,
  }
}

export function queryOf(fields: KrpcFields, bytes: Uint8Array): KrpcQuery {
  const { transactionAt, transactionLength, isReadOnly, idAt } = fields
  const method = methodOf(fields, bytes)
  const fault = faultOf(method, fields)
  if (fault !== undefined) {
    return { kind: 'malformed', transactionAt, transactionLength, isReadOnly, idAt, reason: fault }
  }
  switch (method) {
    case 'ping':
    case 'unknown':
      return { kind: method, transactionAt, transactionLength, isReadOnly, idAt }
    case 'find_node':
    case 'sample_infohashes': {
      const { targetAt, want } = fields
      return { kind: method, transactionAt, transactionLength, isReadOnly, idAt, targetAt, want }
    }
    case 'get_peers': {
      const { infoHashAt: targetAt, want } = fields
      const { isScrape, noSeed } = fields.extension
      return { kind: method, transactionAt, transactionLength, isReadOnly, idAt, targetAt, want, isScrape, noSeed }
    }
    case 'announce_peer':
      return {
        kind: method,
        transactionAt,
        transactionLength,
        isReadOnly,
        idAt,
        targetAt: fields.infoHashAt,
        tokenAt: fields.tokenAt,
        tokenLength: fields.tokenLength,
        port: fields.isPortImplied ? 0 : fields.port,
        isSeed: fields.extension.isSeed,
      }
    case 'get': {
      const { targetAt, want } = fields
      const { seqAt, seqLength } = fields.extension
      return { kind: method, transactionAt, transactionLength, isReadOnly, idAt, targetAt, want, seqAt, seqLength }
    }
    case 'put':
      return putOf(fields)
  }
}

function putOf(fields: KrpcFields): PutQuery {
  const { extension } = fields
  return {
    kind: 'put',
    transactionAt: fields.transactionAt,
    transactionLength: fields.transactionLength,
    isReadOnly: fields.isReadOnly,
    idAt: fields.idAt,
    tokenAt: fields.tokenAt,
    tokenLength: fields.tokenLength,
    valueAt: extension.valueAt,
    valueLength: extension.valueLength,
    publicKeyAt: extension.publicKeyAt,
    signatureAt: extension.signatureAt,
    saltAt: extension.saltAt,
    saltLength: extension.saltLength,
    seqAt: extension.seqAt,
    seqLength: extension.seqLength,
    casAt: extension.casAt,
    casLength: extension.casLength,
  }
}

function methodOf(fields: KrpcFields, bytes: Uint8Array): Method {
  const at = fields.methodAt
  switch (fields.methodLength) {
    case 3:
      return isText(bytes, at, 'get') ? 'get' : isText(bytes, at, 'put') ? 'put' : 'unknown'
    case 4:
      return isText(bytes, at, 'ping') ? 'ping' : 'unknown'
    case 9:
      return isText(bytes, at, 'find_node') ? 'find_node' : isText(bytes, at, 'get_peers') ? 'get_peers' : 'unknown'
    case 13:
      return isText(bytes, at, 'announce_peer') ? 'announce_peer' : 'unknown'
    case 17:
      return isText(bytes, at, 'sample_infohashes') ? 'sample_infohashes' : 'unknown'
    default:
      return 'unknown'
  }
}

/** What is wrong in the arguments; error 203 tells the asker. */
function faultOf(method: Method, fields: KrpcFields): string | undefined {
  if (fields.methodAt < 0) return 'no method'
  if (method === 'unknown') return undefined
  if (fields.idAt < 0) return 'id is not 20 bytes'
  if (method === 'ping') return undefined
  if (method === 'find_node' || method === 'sample_infohashes') return targetFaultOf(fields)
  if (method === 'get') return targetFaultOf(fields) ?? fields.extension.itemFault
  if (method === 'put') return putFaultOf(fields)
  if (fields.infoHashAt < 0) return 'info_hash is not 20 bytes'
  if (method === 'get_peers') return undefined
  if (fields.tokenAt < 0) return 'no token'
  const isPort = fields.port >= 1 && fields.port <= 65_535
  return isPort || fields.isPortImplied ? undefined : 'port is not 1 to 65535'
}

function targetFaultOf(fields: KrpcFields): string | undefined {
  return fields.targetAt < 0 ? 'target is not 20 bytes' : undefined
}

function putFaultOf({ tokenAt, extension }: KrpcFields): string | undefined {
  if (tokenAt < 0) return 'no token'
  if (extension.itemFault !== undefined) return extension.itemFault
  if (extension.valueAt < 0) return 'no v'
  const { publicKeyAt, signatureAt, seqAt } = extension
  if (publicKeyAt < 0 && signatureAt < 0) return undefined
  if (publicKeyAt < 0) return 'no k'
  if (signatureAt < 0) return 'no sig'
  return seqAt < 0 ? 'no seq' : undefined
}
