// @ts-check
/** Line charts as SVG for the measurement documents: a title, two axes, a legend, and a colour that anybody can tell apart. */

import { parse, View } from 'vega'

/** Okabe and Ito's palette: also told apart by those who see colours differently. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9']

/**
 * @typedef {{ readonly name: string, readonly points: readonly (readonly [x: number, y: number])[] }} Series
 * @typedef {{ readonly title: string, readonly domain?: readonly [number, number], readonly isLog?: boolean, readonly format?: string, readonly values?: readonly number[] }} Axis
 */

/**
 * @param {{ readonly title: string, readonly x: Axis, readonly y: Axis, readonly series: readonly Series[] }} chart
 * @returns {Promise<string>}
 */
export async function lineChart({ title, x, y, series }) {
  const values = series.flatMap(({ name, points }) => points.map(([px, py]) => ({ name, x: px, y: py })))
  const names = series.map(({ name }) => name)
  /** @type {any} */
  const spec = {
    $schema: 'https://vega.github.io/schema/vega/v6.json',
    background: 'white',
    width: 520,
    height: 260,
    padding: 8,
    title: { text: title, anchor: 'start', fontSize: 14, font: 'sans-serif', offset: 12 },
    config: {
      axis: { labelFont: 'sans-serif', titleFont: 'sans-serif', labelFontSize: 11, titleFontSize: 12 },
      legend: { labelFont: 'sans-serif', labelFontSize: 11, labelLimit: 0 },
    },
    data: [{ name: 'points', values }],
    scales: [
      scale('x', 'width', x),
      scale('y', 'height', y),
      { name: 'colour', type: 'ordinal', domain: names, range: COLOURS },
    ],
    axes: [
      { orient: 'bottom', scale: 'x', title: x.title, tickCount: 6, ...shown(x) },
      { orient: 'left', scale: 'y', title: y.title, grid: true, gridColor: '#e5e5e5', tickCount: 6, ...shown(y) },
    ],
    legends: names.length > 1 ? [{ stroke: 'colour', symbolType: 'stroke', orient: 'right' }] : [],
    marks: [
      {
        type: 'group',
        from: { facet: { name: 'line', data: 'points', groupby: 'name' } },
        marks: [
          {
            type: 'line',
            from: { data: 'line' },
            encode: { enter: { ...place(), strokeWidth: { value: 2 }, stroke: named() } },
          },
          {
            type: 'symbol',
            from: { data: 'line' },
            encode: { enter: { ...place(), size: { value: 28 }, fill: named() } },
          },
        ],
      },
    ],
  }
  return new View(parse(spec), { renderer: 'none' }).toSVG()
}

/** @param {string} name @param {'width' | 'height'} range @param {Axis} axis */
function scale(name, range, { isLog = false, domain }) {
  const from = domain ?? { data: 'points', field: name }
  return { name, range, domain: from, type: isLog ? 'log' : 'linear', nice: domain === undefined, zero: !isLog }
}

/** @param {Axis} axis */
function shown({ format, values }) {
  return { ...(format === undefined ? {} : { format }), ...(values === undefined ? {} : { values }) }
}

function place() {
  return { x: { scale: 'x', field: 'x' }, y: { scale: 'y', field: 'y' } }
}

function named() {
  return { scale: 'colour', field: 'name' }
}
