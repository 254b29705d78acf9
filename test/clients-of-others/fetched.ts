import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Packages of others, brought from their registries into the user's cache by the registries' own clients and never
 * committed. A version is fetched once.
 */

const execute = promisify(execFile);
const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'dealbridge', 'clients');

export interface Ran {
  readonly code: number;
  readonly output: string;
}

export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const env = { ...process.env, ...options.env };
  try {
    const { stdout, stderr } = await execute(command, args, {
      env,
      cwd: options.cwd,
      maxBuffer: 64 * 1024 * 1024,
      timeout: 600_000,
    });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    if (!(error instanceof Error) || !('stdout' in error) || !('stderr' in error)) throw error;
    const code = 'code' in error && typeof error.code === 'number' ? error.code : 1;
    return { code, output: `${error.stdout}${error.stderr}${error.message}` };
  }
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

async function must(command: string, args: readonly string[], options: RunOptions = {}): Promise<void> {
  const { code, output } = await run(command, args, options);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output.slice(-2_000)}`);
}

/** Made whole or not at all: a run that was cut off leaves nothing that looks ready. */
async function once(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(CACHE, name);
  const mark = join(folder, '.complete');
  if (existsSync(mark)) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await make(folder);
  writeFileSync(mark, '');
  return folder;
}

export async function hasRuntime(command: string, ...args: string[]): Promise<boolean> {
  return run(command, args).then(
    ({ code }) => code === 0,
    () => false,
  );
}

/** @returns the Python of an environment that holds the package. */
export async function fetchFromPyPi(name: string, version: string): Promise<string> {
  const folder = await once(`pypi-${name}-${version}`, async (path) => {
    await must('python3', ['-m', 'venv', path]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `${name}==${version}`];
    await must(join(path, 'bin/python'), pip);
  });
  return join(folder, 'bin/python');
}

/** @returns the folder whose `node_modules` hold the packages. */
export async function fetchFromNpm(name: string, packages: readonly string[]): Promise<string> {
  return once(`npm-${name}`, async (path) => {
    writeFileSync(join(path, 'package.json'), '{"private":true,"type":"module"}\n');
    await must('npm', ['install', '--no-audit', '--no-fund', '--no-save', ...packages], { cwd: path });
  });
}

/** @returns the class path of an artifact and all that it needs. */
export async function fetchFromMaven(group: string, artifact: string, version: string): Promise<string> {
  const folder = await once(`maven-${artifact}-${version}`, async (path) => {
    const needed = `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
    const logging =
      '<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>';
    writeFileSync(
      join(path, 'pom.xml'),
      `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>fetched</groupId><artifactId>fetched</artifactId><version>1</version><dependencies>${needed}${logging}</dependencies></project>`,
    );
    await must('mvn', ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${join(path, 'lib')}`], {
      cwd: path,
    });
  });
  return join(folder, 'lib/*');
}

/**
 * Files of a public repository at one commit. Where GitHub cannot be reached, from a clone or an unpacked copy.
 *
 * @returns why they are not there, or their folder.
 */
export async function fetchFromGitHub(
  repository: string,
  commit: string,
  paths: readonly string[],
  copy: string | undefined,
): Promise<{ readonly folder: string } | { readonly missing: string }> {
  const target = join(CACHE, `github-${repository.replace('/', '-')}-${commit.slice(0, 12)}`);
  const partial = `${target}.part`;
  if (existsSync(target)) return { folder: target };
  rmSync(partial, { recursive: true, force: true });
  for (const path of paths) {
    const text = copy === undefined ? await download(repository, commit, path) : await show(copy, commit, path);
    if (text === undefined) {
      const from = copy === undefined ? 'GitHub cannot be reached' : `${copy} does not hold ${path} at ${commit}`;
      return { missing: `${repository}: ${from}` };
    }
    mkdirSync(dirname(join(partial, path)), { recursive: true });
    writeFileSync(join(partial, path), text);
  }
  renameSync(partial, target);
  return { folder: target };
}

async function download(repository: string, commit: string, path: string): Promise<string | undefined> {
  try {
    const response = await fetch(`https://raw.githubusercontent.com/${repository}/${commit}/${path}`, {
      signal: AbortSignal.timeout(30_000),
    });
    return response.ok ? await response.text() : undefined;
  } catch {
    return undefined;
  }
}

async function show(copy: string, commit: string, path: string): Promise<string | undefined> {
  const { code, output } = await run('git', ['--git-dir', copy, 'show', `${commit}:${path}`]);
  return code === 0 ? output : undefined;
}
