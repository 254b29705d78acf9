/** As much XML as FetchXML is: elements, attributes, text. */

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

/** @throws SyntaxError that says what was expected where. */
export function parseXml(source: string): XmlElement {
  const text = source.replace(/<\?[\s\S]*?\?>|<!--[\s\S]*?-->/g, '');
  const open: { name: string; attributes: Record<string, string>; children: XmlElement[]; text: string }[] = [];
  let root: XmlElement | undefined;
  const close = (element: XmlElement): void => {
    const parent = open.at(-1);
    if (parent) parent.children.push(element);
    else if (root) throw new SyntaxError(`<${element.name}> is a second root`);
    else root = element;
  };
  let at = 0;
  for (const tag of text.matchAll(/<(\/?)([A-Za-z][\w.:-]*)((?:"[^"]*"|'[^']*'|[^>"'])*?)(\/?)>/g)) {
    addText(open.at(-1), text.slice(at, tag.index));
    at = tag.index + tag[0].length;
    const [, isEnd = '', name = '', attributes = '', isEmpty = ''] = tag;
    if (isEnd !== '') {
      const element = open.pop();
      if (element?.name !== name) throw new SyntaxError(`</${name}> closes <${element?.name ?? 'nothing'}>`);
      close(element);
      continue;
    }
    const element = { name, attributes: readAttributes(name, attributes), children: [], text: '' };
    if (isEmpty === '') open.push(element);
    else close(element);
  }
  addText(open.at(-1), text.slice(at));
  if (open.length > 0) throw new SyntaxError(`<${open.at(-1)?.name}> is not closed`);
  if (!root) throw new SyntaxError('an element is expected');
  return root;
}

function addText(element: { text: string } | undefined, text: string): void {
  if (text.includes('<')) throw new SyntaxError(`${text.trim().slice(0, 40)} is no element`);
  if (element) element.text += decoded(text);
  else if (text.trim() !== '') throw new SyntaxError(`'${text.trim().slice(0, 40)}' stands outside of the root`);
}

function readAttributes(element: string, text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  const rest = text.replace(/\s+([A-Za-z][\w.:-]*)\s*=\s*(?:"([^"]*)"|'([^']*)')/g, (_all, name, double, single) => {
    attributes[String(name)] = decoded(String(double ?? single ?? ''));
    return '';
  });
  if (rest.trim() !== '') throw new SyntaxError(`the attributes of <${element}> cannot be read at '${rest.trim()}'`);
  return attributes;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function decoded(text: string): string {
  return text.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (all, hex?: string, digits?: string, name?: string) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (digits !== undefined) return String.fromCodePoint(Number(digits));
    return ENTITIES[name ?? ''] ?? all;
  });
}
