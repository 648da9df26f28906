// Elements made one by one: there is no HTML in strings anywhere, and no `style` attribute.

type Child = Node | string | null | undefined | false;
type Value = string | number | boolean | ((event: Event) => void);
/** Attributes by name; `on…` with a function listens, a boolean sets or leaves out. */
export type Attributes = Readonly<Record<string, Value>>;

const SVG = "http://www.w3.org/2000/svg";

/** A new HTML element. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  return dress(document.createElement(tag), attributes, children);
}

/** A new SVG element. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  return dress(document.createElementNS(SVG, tag), attributes, children);
}

function dress<E extends Element>(element: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.replace(/^on/, ""), value);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else element.setAttribute(name, String(value));
  }
  element.append(
    ...children.filter((child): child is Node | string => child instanceof Node || typeof child === "string"),
  );
  return element;
}

/** A push button. */
export function button(words: string, attributes: Attributes = {}): HTMLButtonElement {
  return el("button", { type: "button", ...attributes }, words);
}

/** The heading of a step; it takes the focus when the step opens, so that a screen reader starts there. */
export function stepHeading(words: string): HTMLHeadingElement {
  return el("h1", { tabindex: -1 }, words);
}

/** Replaces what `parent` shows. */
export function fill(parent: Element, ...children: readonly Child[]): void {
  parent.replaceChildren(...children.filter((child): child is Node | string => Boolean(child)));
}

let made = 0;

/** An id for `aria-…` attributes and labels. */
export function newId(): string {
  made += 1;
  return `id-${made}`;
}
