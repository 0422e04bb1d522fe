import { element, type Child } from './dom.ts'

export interface Column {
  readonly title: string
  readonly isNumber?: boolean
}

export interface Row {
  /** The first is the row's title. */
  readonly cells: readonly Child[]
  /** Below them, over the whole width. */
  readonly more?: Child
}

export function table(caption: string, columns: readonly Column[], rows: readonly Row[]): HTMLTableElement {
  const classOf = (index: number) => (columns[index]?.isNumber ? { class: 'number' } : {})
  return element(
    'table',
    {},
    element('caption', {}, caption),
    element(
      'thead',
      {},
      element(
        'tr',
        {},
        ...columns.map(({ title }, index) => element('th', { scope: 'col', ...classOf(index) }, title)),
      ),
    ),
    element(
      'tbody',
      {},
      ...rows.flatMap(({ cells, more }) => [
        element(
          'tr',
          {},
          ...cells.map((cell, index) =>
            index === 0 ? element('th', { scope: 'row' }, cell) : element('td', classOf(index), cell),
          ),
        ),
        ...(more === undefined
          ? []
          : [element('tr', { class: 'more' }, element('td', { colspan: String(columns.length) }, more))]),
      ]),
    ),
  )
}

/** The same figures as a plot, for whoever cannot see it or wants them exactly. */
export function asTable(name: string, figures: HTMLTableElement): HTMLDetailsElement {
  return element(
    'details',
    {},
    element('summary', {}, 'As a table'),
    element('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': name }, figures),
  )
}
