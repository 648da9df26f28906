// The trust page: schemas/spec/threat-model.md and the promises of schemas/pools.py, as HTML without a script.
//
// Nothing is added to the texts or left out of them; a test compares them sentence by sentence.

import { Marked } from "marked";

const TITLES = {
  company: "A machine of the operator",
  volunteer: "A volunteer’s machine",
  attested: "A machine with a security chip",
};

const escaped = (text) => text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

/** The name under which links of the text reach a heading. */
const slug = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} -]/gu, "")
    .replaceAll(" ", "-");

/** HTML is refused, not passed on; a link leads only where somebody outside of the repository can follow it. */
const renderer = {
  heading({ tokens, depth, text }) {
    return `<h${depth} id="${slug(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
  },
  html({ text }) {
    throw new Error(`the trust page takes Markdown only, not ${text}`);
  },
  image({ href }) {
    throw new Error(`the trust page shows no picture: ${href}`);
  },
  link({ href, tokens }) {
    const words = this.parser.parseInline(tokens);
    const canFollow = href.startsWith("https://") || href.startsWith("#");
    return canFollow ? `<a href="${escaped(href)}" rel="noreferrer">${words}</a>` : words;
  },
  table({ header, rows }) {
    const titles = header.map(({ tokens }) => this.parser.parseInline(tokens));
    const labels = header.map(({ text }) => escaped(text.replace(/[*`]/g, "")));
    const cell = ({ tokens }, i) => `<td data-label="${labels[i]}">${this.parser.parseInline(tokens)}</td>`;
    const body = rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("\n");
    const head = `<tr>${titles.map((title) => `<th scope="col">${title}</th>`).join("")}</tr>`;
    const shape = header.length > 3 ? "table wide" : "table";
    return `<div class="${shape}"><table><thead>${head}</thead><tbody>${body}</tbody></table></div>\n`;
  },
};

/** `template` with the text of `threatModel` (Markdown) and with `promises` (by pool) in their places. */
export function trustPage(template, threatModel, promises) {
  const text = new Marked({ renderer }).parse(threatModel);
  for (const [, target] of text.matchAll(/href="#([^"]*)"/g)) {
    if (!text.includes(`id="${target}"`)) throw new Error(`the threat model has no heading for #${target}`);
  }
  const pools = Object.entries(promises).map(([pool, promise]) => {
    if (!(pool in TITLES)) throw new Error(`the pool ${pool} has no title`);
    return `<dt>${TITLES[pool]}</dt><dd>${escaped(promise)}</dd>`;
  });
  return placed(
    placed(template, "<!-- schemas/spec/threat-model.md -->", text),
    "<!-- schemas/pools.py -->",
    `<dl>${pools.join("\n")}</dl>`,
  );
}

function placed(template, place, html) {
  if (template.split(place).length !== 2) throw new Error(`trust.html must have one ${place}`);
  return template.replace(place, () => html);
}
