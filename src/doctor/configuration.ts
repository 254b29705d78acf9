import { type Stats, statSync } from 'node:fs';
import { plural } from '../deal/plural.js';
import { type Config, ConfigError, findUnknownSettings } from '../process/config.js';
import { isOfUnknownSetting, type UnknownSetting } from '../process/unknown-settings.js';
import { VERSION } from '../process/version.js';
import { openKeyFile } from '../secrets/key-file.js';
import { parseKeys } from '../secrets/keys.js';
import { type Finding, notChecked, ok, warning, wrong } from './finding.js';
import { createStep, type Step } from './step.js';

/** The settings, the rules file and the keys. */

export function examineConfiguration(
  load: () => Config,
  findUnknown: () => readonly UnknownSetting[] = findUnknownSettings,
): Step<Config> {
  return createStep('configuration', {}, async () => {
    const before = [
      ok('version', `Dealbridge ${VERSION} on Node.js ${process.versions.node}`),
      ...findUnknown().map(toUnknownFinding),
    ];
    try {
      const value = load();
      const { mapping, lines } = value.rules;
      const fields = Object.values(mapping.sections).reduce((sum, fieldsOf) => sum + fieldsOf.size, 0);
      return {
        value,
        findings: [
          ...before,
          ok('settings', 'all there'),
          ok('rules', `usable: ${plural(fields, 'mapped field')}, ${plural(lines.rules?.length ?? 0, 'line rule')}`),
        ],
      };
    } catch (error) {
      if (error instanceof ConfigError) return { findings: [...before, ...toFindings(error)] };
      throw error;
    }
  });
}

function toUnknownFinding({ name, nearest }: UnknownSetting): Finding {
  const advice = nearest === undefined ? 'Take it away.' : `Call it ${nearest} if that is meant, or take it away.`;
  return warning(name, 'no setting is called so: it is ignored', advice);
}

/** One finding a line: each names the setting or the place in the file, what was found and what is right. */
function toFindings({ message }: ConfigError): Finding[] {
  const [, ...lines] = message.split('\n');
  return lines
    .filter((line) => !isOfUnknownSetting(line))
    .map((line) => {
      const isRule = /^ {2}\S+:\d+:\d+/.test(line);
      const check = isRule ? 'rules' : (/^ {2}setting (\S+)/.exec(line)?.[1]?.replace(/:$/, '') ?? 'settings');
      const advice = isRule
        ? 'Correct the file at that line; `dealbridge mapping check <file>` tells more.'
        : 'Set it as the table of README.md says.';
      return wrong(check, line.trim(), advice);
    });
}

const GROUP = 0o070;

export function examineKeys(configuration: Step<Config>): Step<readonly string[]> {
  return createStep('keys', { config: configuration }, async ({ config: { keys: source } }) => {
    const ids = [...(source.kind === 'file' ? openKeyFile(source.path).read() : parseKeys(source.text)).keys()];
    const [newest = '', ...others] = ids;
    const seals = `${newest} seals`;
    const opens = others.length > 0 ? `, ${plural(others.length, 'older key')} still open` : '';
    const findings: Finding[] = [ok('ring', seals + opens)];
    if (source.kind === 'text') {
      findings.push(
        notChecked(
          'file',
          'the keys stand in DEALBRIDGE_KEYS',
          'Keep them in a file: it can change without a restart.',
        ),
      );
    } else {
      findings.push(toFileFinding(statSync(source.path), process.getuid?.()));
    }
    return { findings, value: ids };
  });
}

/** The file of an orchestrator belongs to root, and its group is the only one by which a process of another user reads it. */
export function toFileFinding({ mode, uid }: Pick<Stats, 'mode' | 'uid'>, userId: number | undefined): Finding {
  const found = `mode ${(mode & 0o777).toString(8)}`;
  if ((mode & GROUP) === 0 || uid !== userId) return ok('file', found);
  return warning('file', `${found}: the group may use it`, `chmod 600 the file that DEALBRIDGE_KEY_FILE names.`);
}
