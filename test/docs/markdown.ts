import GithubSlugger from 'github-slugger';
import { lexer, type Token, type Tokens, walkTokens } from 'marked';

/** What other files can point at in a Markdown page, and what the page points at. */
export interface MarkdownPage {
  /** Of headings, as GitHub makes them. */
  readonly anchors: ReadonlySet<string>;
  /** Numbers that headings begin with, in the order of the page. */
  readonly sections: readonly string[];
  /** Numbered rows of tables, as `section:number`. */
  readonly rows: ReadonlySet<string>;
  readonly links: readonly string[];
}

export function readMarkdown(text: string): MarkdownPage {
  const tokens = lexer(text);
  const slugger = new GithubSlugger();
  const anchors = new Set<string>();
  const sections: string[] = [];
  const rows = new Set<string>();
  const links: string[] = [];
  for (const token of tokens) {
    if (isHeading(token)) {
      const title = plainText(token.tokens);
      anchors.add(slugger.slug(title));
      const number = /^\d+(?:\.\d+)?(?=[. ])/.exec(title)?.[0];
      if (number !== undefined) sections.push(number);
    } else if (isTable(token)) {
      for (const [first] of token.rows) rows.add(`${sections.at(-1)}:${first?.text}`);
    }
  }
  // It would wait for a callback that is asynchronous; this one is not.
  void walkTokens(tokens, (token) => {
    if (token.type === 'link' || token.type === 'image') links.push(String(token['href']));
  });
  return { anchors, sections, rows, links };
}

const isHeading = (token: Token): token is Tokens.Heading => token.type === 'heading';
const isTable = (token: Token): token is Tokens.Table => token.type === 'table';

/** The words of a heading without their markup: GitHub slugs what is shown. */
function plainText(tokens: readonly Token[]): string {
  return tokens
    .map((token) => ('tokens' in token && token.tokens ? plainText(token.tokens) : 'text' in token ? token.text : ''))
    .join('');
}
