import { readdirSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.js';
import { runCli } from '../support/cli.js';

/** The page of commands says what the program says. */

const page = readFileSync('docs/commands.md', 'utf8');
/** They do something themselves and have commands below. */
const BOTH = ['feeds', 'accounts', 'products'];

function commandsOf(command: Command, path: readonly string[] = []): [path: string, command: Command][] {
  return command.commands.flatMap((one) => {
    const own = [...path, one.name()];
    const isUsable = one.commands.length === 0 || BOTH.includes(one.name());
    return [...(isUsable ? [[own.join(' '), one] as [string, Command]] : []), ...commandsOf(one, own)];
  });
}

const program = await createProgram();
const commands = commandsOf(program);
const examples = [...page.matchAll(/^dealbridge (.+)$/gm)].map(([, line = '']) => line);
const isOf = (path: string) => (line: string) => line === path || line.startsWith(`${path} `);

describe('what is read for one command', () => {
  it.each(program.commands.map((command) => [command.name(), command.helpInformation()]))(
    '%s says the same',
    async (name, help) => {
      const { commands: own } = await createProgram(name);
      expect(own.find((command) => command.name() === name)?.helpInformation()).toBe(help);
      expect(own.length).toBeLessThan(program.commands.length);
    },
  );

  it('is all of it where no command has the name', async () => {
    for (const called of [undefined, '--help', 'help', 'nothing'])
      expect((await createProgram(called)).helpInformation()).toBe(program.helpInformation());
  });
});

describe('--version', () => {
  it('is that of the package, and needs no command', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };
    for (const asked of ['--version', '-V']) {
      const { code, stdout, stderr } = await runCli([asked], {});
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    }
  });
});

describe('docs/commands.md', () => {
  it('has a row for each command, with its description, and for nothing else', () => {
    const rows = [...page.matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)].map(([, name, text]) => `${name}: ${text}`);
    expect(rows.sort()).toEqual(commands.map(([path, command]) => `${path}: ${command.description()}`).sort());
  });

  it.each(commands)('%s has an example, of arguments and options that it has', (path, command) => {
    const deeper = commands.map(([other]) => other).filter((other) => other.startsWith(`${path} `));
    const own = examples.filter(isOf(path)).filter((line) => !deeper.some((other) => isOf(other)(line)));
    expect(own).toHaveLength(1);
    const used = (own[0] ?? '').match(/--[a-z-]+/g) ?? [];
    const known = command.options.map(({ long }) => long);
    expect(used.filter((option) => !known.includes(option))).toEqual([]);
    for (const { long, mandatory } of command.options) if (mandatory) expect(used).toContain(long);
  });
});

it('what a document writes to a file is what the command prints, without the lines that npm prints before it', () => {
  const pages = [
    'README.md',
    ...readdirSync('docs')
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
  ];
  const lines = pages.flatMap((name) => readFileSync(name, 'utf8').split('\n'));
  const written = lines.filter((line) => /^npm run .* > \S/.test(line));
  expect(written.length).toBeGreaterThan(0);
  expect(written.filter((line) => !line.startsWith('npm run --silent '))).toEqual([]);
});
