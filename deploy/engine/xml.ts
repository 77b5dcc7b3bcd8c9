/** Configuration as ClickHouse reads it: XML made from plain values. */

/** An element's content: text, a number, child elements, or several elements of one name. */
export type Xml = string | number | { readonly [name: string]: Xml } | readonly Xml[];

/** A whole file. An empty object makes an empty element. */
export function xmlFile(content: Xml): string {
  return `${element('clickhouse', content, '')}\n`;
}

function element(name: string, content: Xml, indent: string): string {
  if (isList(content)) return content.map((each) => element(name, each, indent)).join('\n');
  if (typeof content !== 'object') return `${indent}<${name}>${escaped(`${content}`)}</${name}>`;
  const inner = Object.entries(content).map(([child, value]) =>
    element(child, value, `${indent}  `),
  );
  return inner.length === 0
    ? `${indent}<${name}/>`
    : `${indent}<${name}>\n${inner.join('\n')}\n${indent}</${name}>`;
}

const isList = (content: Xml): content is readonly Xml[] => Array.isArray(content);

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
