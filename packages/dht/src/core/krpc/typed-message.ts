/** The fields of a whole datagram to one typed message: which method it is, and whether its arguments are all there. */

import { isText, type KrpcFields } from './fields.ts'
import type { KrpcError, KrpcQuery, KrpcResponse } from './message.ts'

type Method = 'ping' | 'find_node' | 'get_peers' | 'announce_peer' | 'unknown'

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
    case 'find_node': {
      const { targetAt, want } = fields
      return { kind: method, transactionAt, transactionLength, isReadOnly, idAt, targetAt, want }
    }
    case 'get_peers': {
      const { infoHashAt, want } = fields
      return { kind: method, transactionAt, transactionLength, isReadOnly, idAt, targetAt: infoHashAt, want }
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
      }
  }
}

function methodOf(fields: KrpcFields, bytes: Uint8Array): Method {
  const at = fields.methodAt
  switch (fields.methodLength) {
    case 4:
      return isText(bytes, at, 'ping') ? 'ping' : 'unknown'
    case 9:
      return isText(bytes, at, 'find_node') ? 'find_node' : isText(bytes, at, 'get_peers') ? 'get_peers' : 'unknown'
    case 13:
      return isText(bytes, at, 'announce_peer') ? 'announce_peer' : 'unknown'
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
  if (method === 'find_node') return fields.targetAt < 0 ? 'target is not 20 bytes' : undefined
  if (fields.infoHashAt < 0) return 'info_hash is not 20 bytes'
  if (method === 'get_peers') return undefined
  if (fields.tokenAt < 0) return 'no token'
  const isPort = fields.port >= 1 && fields.port <= 65_535
  return isPort || fields.isPortImplied ? undefined : 'port is not 1 to 65535'
}
