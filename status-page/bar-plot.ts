import { element, svgElement } from './dom.ts'
import { short } from './format.ts'

const HEIGHT = 100
const SLOT = 10
const GAP = 1.5

export interface Series {
  readonly name: string
  /** Of the style sheet. */
  readonly color: 'hits' | 'entra' | 'refused' | 'failed'
}

export interface Slot {
  /** For the mouse. */
  readonly title: string
  /** One for each series, from the bottom up. */
  readonly values: readonly number[]
  /** Nothing was noted here: another thing than nought. */
  readonly isGap?: boolean
}

export interface BarPlotOptions {
  readonly title: string
  /** What can be seen, in a sentence. */
  readonly description: string
  readonly series: readonly Series[]
  readonly slots: readonly Slot[]
  /** Below the plot, from left to right: one for each slot, or a few for the whole. */
  readonly xLabels: readonly string[]
  readonly yLabelOf?: (value: number) => string
}

/** Stacked bars that are as wide as there is room. */
export function barPlot(options: BarPlotOptions): HTMLElement {
  const { title, description, series, slots, xLabels, yLabelOf = short } = options
  const max = niceMaxOf(Math.max(...slots.map(({ values }) => sumOf(values)), 0))
  const width = slots.length * SLOT
  const lines = [0, 0.5, 1].map((share) =>
    svgElement('line', { x1: 0, x2: width, y1: share * HEIGHT, y2: share * HEIGHT }),
  )
  const bars = slots.flatMap((slot, index) => barsOf(slot, index * SLOT, max, series))
  const plot = svgElement(
    'svg',
    {
      viewBox: `0 0 ${width} ${HEIGHT}`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': `${title}. ${description}`,
    },
    ...lines,
    ...bars,
  )
  return element(
    'figure',
    {},
    element('figcaption', {}, title),
    element(
      'div',
      { class: 'plot' },
      element(
        'div',
        { class: 'y', 'aria-hidden': 'true' },
        ...[max, max / 2, 0].map((at) => element('span', {}, yLabelOf(at))),
      ),
      plot,
      element(
        'div',
        { class: 'x', 'aria-hidden': 'true' },
        ...xLabels.map((label) => element('span', {}, label)),
      ),
    ),
  )
}

export function legend(items: readonly { readonly color: string; readonly label: string }[]): HTMLElement {
  return element(
    'ul',
    { class: 'legend' },
    ...items.map(({ color, label }) =>
      element('li', {}, element('span', { class: `swatch ${color}`, 'aria-hidden': 'true' }), label),
    ),
  )
}

function barsOf(slot: Slot, x: number, max: number, series: readonly Series[]): SVGElement[] {
  let top = HEIGHT
  const bars = slot.values.flatMap((value, index) => {
    if (value === 0) return []
    const height = (value / max) * HEIGHT
    top -= height
    const color = series[index]?.color ?? 'hits'
    return [svgElement('rect', { class: color, x: x + GAP / 2, y: top, width: SLOT - GAP, height })]
  })
  const whole = { x, y: 0, width: SLOT, height: HEIGHT }
  return [
    ...(slot.isGap ? [svgElement('rect', { class: 'band', ...whole })] : []),
    ...bars,
    svgElement('rect', { class: 'target', ...whole }, svgElement('title', {}, slot.title)),
  ]
}

/** 2, 4, 10, 20, 40, …: half of it is a whole number too. */
function niceMaxOf(max: number): number {
  if (max <= 2) return 2
  const power = 10 ** Math.floor(Math.log10(max))
  return (
    [1, 2, 4, 6, 8, 10].map((factor) => factor * power).find((nice) => nice >= max && nice % 2 === 0) ?? max
  )
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
