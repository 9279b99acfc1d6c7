import { utf8 } from '@shoal/base'
import { describe, expect, test } from 'vitest'
import { BencodeCursor, DEPTH_MAX } from '../../../src/core/bencode/cursor.ts'

function cursor(text: string): BencodeCursor {
  const at = new BencodeCursor()
  at.reset(utf8(text))
  return at
}

describe('strings', () => {
  test('[D-3] a string gives its place and length', () => {
    const at = cursor('4:spam')
    expect(at.readString()).toBe(true)
    expect([at.stringAt, at.stringLength, at.at]).toEqual([2, 4, 6])
  })

  test('[D-3] the empty string is one', () => {
    const at = cursor('0:')
    expect(at.readString()).toBe(true)
    expect(at.stringLength).toBe(0)
  })

  test.each([
    ['5:spam', 'truncated'],
    ['99999:x', 'truncated'],
    ['4', 'truncated'],
    ['', 'truncated'],
    ['04:spam', 'syntax'],
    ['123456:x', 'syntax'],
    ['99999999999999999999:x', 'syntax'],
    ['4spam', 'syntax'],
    ['-1:x', 'syntax'],
    [':x', 'syntax'],
  ])('[D-3] %j is no string: %s', (text, fault) => {
    const at = cursor(text)
    expect(at.readString()).toBe(false)
    expect(at.fault).toBe(fault)
  })
})

describe('integers', () => {
  test.each([
    ['i0e', 0],
    ['i42e', 42],
    ['i-42e', -42],
    ['i999999999999999e', 999_999_999_999_999],
  ])('[D-3] %s', (text, value) => {
    const at = cursor(text)
    expect(at.readInteger()).toBe(true)
    expect(at.integer).toBe(value)
  })

  test('[D-3] an integer beyond what a number holds is stepped over as NaN', () => {
    const at = cursor(`i${'9'.repeat(400)}e`)
    expect(at.readInteger()).toBe(true)
    expect(at.integer).toBeNaN()
  })

  test.each([
    ['ie', 'syntax'],
    ['i-e', 'syntax'],
    ['i-0e', 'syntax'],
    ['i03e', 'syntax'],
    ['i-03e', 'syntax'],
    ['i1.5e', 'syntax'],
    ['i+1e', 'syntax'],
    ['i12', 'truncated'],
    ['i', 'truncated'],
  ])('[D-3] %s is no integer: %s', (text, fault) => {
    const at = cursor(text)
    expect(at.readInteger()).toBe(false)
    expect(at.fault).toBe(fault)
  })
})

describe('skipping', () => {
  test('[D-3] a whole nested value is one step', () => {
    const at = cursor('d1:ali1e3:abcd1:xleee1:yi-7eei9e')
    expect(at.skip()).toBe(true)
    expect(at.isInteger()).toBe(true)
  })

  test('[D-3] nesting up to the bound is stepped over, one more is too deep', () => {
    expect(cursor('l'.repeat(DEPTH_MAX) + 'e'.repeat(DEPTH_MAX)).skip()).toBe(true)
    const deep = cursor('l'.repeat(DEPTH_MAX + 1) + 'e'.repeat(DEPTH_MAX + 1))
    expect(deep.skip()).toBe(false)
    expect(deep.fault).toBe('too-deep')
  })

  test.each([
    ['l', 'truncated'],
    ['li1e', 'truncated'],
    ['e', 'syntax'],
    ['x', 'syntax'],
    ['lxe', 'syntax'],
  ])('[D-3] %s is no value: %s', (text, fault) => {
    const at = cursor(text)
    expect(at.skip()).toBe(false)
    expect(at.fault).toBe(fault)
  })
})
