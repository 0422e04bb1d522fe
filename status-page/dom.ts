export type Child = Node | string | undefined

const SVG = 'http://www.w3.org/2000/svg'

/** An element of the page, its attributes and what is in it: text stays text, whatever it holds. */
export function element<T extends keyof HTMLElementTagNameMap>(
  tag: T,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[T] {
  const made = document.createElement(tag)
  fill(made, attributes, children)
  return made
}

export function svgElement(
  tag: 'svg' | 'rect' | 'line' | 'title' | 'desc',
  attributes: Readonly<Record<string, string | number>> = {},
  ...children: readonly Child[]
): SVGElement {
  const made = document.createElementNS(SVG, tag)
  fill(made, attributes, children)
  return made
}

/** @throws when the page has no such element: then page and script are not of one version. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id)
  if (found instanceof type) return found
  throw new TypeError(`#${id} is not there`)
}

export function show(id: string, ...children: readonly Child[]): void {
  byId(id, HTMLElement).replaceChildren(...children.filter((child) => child !== undefined))
}

function fill(
  made: Element,
  attributes: Readonly<Record<string, string | number>>,
  children: readonly Child[],
): void {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value))
  made.append(...children.filter((child) => child !== undefined))
}
