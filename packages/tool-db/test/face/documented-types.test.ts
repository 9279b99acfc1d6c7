/** tool-db's documented types by their names: a program written with them compiles. */

import { expect, test } from 'vitest'
import {
  type AddCounterChange,
  type AllowedFunctionArguments,
  type AllowedFunctionReturn,
  type BaseMessage,
  type ChangeCounterBase,
  type ChangeListBase,
  type ChangeMapBase,
  type CounterChanges,
  CounterCrdt,
  type CounterOperations,
  type CrdtGetMessage,
  type CrdtPutMessage,
  type DelListChange,
  type DelMapChange,
  type FunctionCodes,
  type FunctionMessage,
  type FunctionReturn,
  type FunctionReturnErr,
  type FunctionReturnMessage,
  type FunctionReturnNotFound,
  type FunctionReturnOk,
  type GenericObject,
  type GetMessage,
  type InsListChange,
  type ListChanges,
  ListCrdt,
  type ListOperations,
  type MapChanges,
  MapCrdt,
  type MapOperations,
  type MessageType,
  type Peer,
  type PingMessage,
  type PongMessage,
  type PutMessage,
  type QueryAckMessage,
  type QueryMessage,
  type SetMapChange,
  type SubCounterChange,
  type SubscribeMessage,
  type ToolDbMessage,
  type ToolDbMessageHandler,
  type ToolDbOptions,
  ToolDbStorageAdapter,
  type VerificationData,
} from '../../src/index.ts'

test('[T-152] the documented types are there by their names', () => {
  const options: Partial<ToolDbOptions> = { debug: false, peers: [{ host: 'localhost', port: 9000 }], pow: null }
  const data: VerificationData<number> = { k: 'k', a: 'a', n: 0, h: 'h', t: 1, s: 's', v: 1, c: null }
  const peer: Peer = { topic: 't', timestamp: 1, host: 'h', port: 1, address: 'a', sig: 's' }
  const base: BaseMessage = { type: 'get' satisfies MessageType, id: 'i', to: [] }
  const messages: ToolDbMessage[] = [
    { ...base, type: 'put', data } satisfies PutMessage<number>,
    { ...base, type: 'ping', clientId: 'c', isServer: false, peer } satisfies PingMessage,
    { ...base, type: 'pong', clientId: 'c', isServer: false, servers: [peer] } satisfies PongMessage,
    { ...base, type: 'get', key: 'k' } satisfies GetMessage,
    { ...base, type: 'crdtGet', key: 'k' } satisfies CrdtGetMessage,
    { ...base, type: 'query', key: 'k' } satisfies QueryMessage,
    { ...base, type: 'queryAck', keys: [] } satisfies QueryAckMessage,
    { ...base, type: 'subscribe', key: 'k' } satisfies SubscribeMessage,
    { ...base, type: 'function', function: 'f', args: {} } satisfies FunctionMessage,
    { ...base, type: 'functionReturn', code: 'OK', return: 1 } satisfies FunctionReturnMessage,
  ]
  const set: CrdtPutMessage = {
    ...base,
    type: 'crdtPut',
    data: { ...data, v: [{ t: 'ADD', v: 1, a: 'a', i: 0 }], c: 'COUNTER' },
  }
  const put: PutMessage = { ...base, type: 'put', data: { ...data, v: { name: 'Ada' } } }
  const handler: ToolDbMessageHandler = (message, remotePeerId) => `${message.type} ${remotePeerId}`
  const codes: FunctionCodes[] = ['OK', 'ERR', 'NOT_FOUND']
  const returns: FunctionReturn<number>[] = [
    { code: 'OK', return: 1 } satisfies FunctionReturnOk<number>,
    { code: 'ERR', return: 'why' } satisfies FunctionReturnErr,
    { code: 'NOT_FOUND', return: 'why' } satisfies FunctionReturnNotFound,
  ]
  const args: AllowedFunctionArguments<GenericObject> = { any: 'thing' }
  const back: AllowedFunctionReturn<number> = 1
  class Mine extends ToolDbStorageAdapter {
    override get(key: string): Promise<string> {
      return Promise.resolve(key)
    }
  }
  expect([messages.length, typeof handler, codes.length, returns.length]).toEqual([10, 'function', 3, 3])
  // What a message carries may be anything, as in tool-db: nothing is said of its type.
  expect([set.data.v[0].t, put.data.v.name]).toEqual(['ADD', 'Ada'])
  expect([options.pow, args, back, typeof Mine]).toEqual([null, { any: 'thing' }, 1, 'function'])
})

test('[T-152] the changes of documents, by their names, are what the documents take and give', () => {
  const [set, del]: [SetMapChange<number>, DelMapChange<number>] = [
    { t: 'SET', k: 'dogs', v: 3, a: 'ada', i: 1 },
    { t: 'DEL', k: 'birds', a: 'ada', i: 1 },
  ]
  const ofMap: MapChanges<number>[] = [set, del]
  const map = new MapCrdt<number>('ada')
  map.mergeChanges(ofMap)
  expect(map.value).toEqual({ dogs: 3 })
  const ins: InsListChange<string> = { t: 'INS', v: 'first', i: 'ada-00000000', p: undefined, n: undefined }
  const gone: DelListChange<string> = { t: 'DEL', v: 'ada-00000000', i: 'ada-00000001' }
  const ofList: ListChanges<string>[] = [ins, gone]
  const list = new ListCrdt<string>('ada')
  list.mergeChanges(ofList)
  expect(list.value).toEqual([])
  const [add, sub]: [AddCounterChange, SubCounterChange] = [
    { t: 'ADD', v: 10, a: 'ada', i: 0 },
    { t: 'SUB', v: 3, a: 'ada', i: 1 },
  ]
  const ofCounter: CounterChanges[] = [add, sub]
  const counter = new CounterCrdt<number>('ada')
  counter.mergeChanges(ofCounter)
  expect(counter.value).toBe(7)
  const bases: [ChangeMapBase<number>, ChangeListBase<string>, ChangeCounterBase] = [set, ins, add]
  const operations: [MapOperations, ListOperations, CounterOperations] = [bases[0].t, bases[1].t, bases[2].t]
  expect(operations).toEqual(['SET', 'INS', 'ADD'])
})
