import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, ensureCacheFolder, findOnPath, isExecutable } from './cache.mjs';
import { run, SetUpError } from './run.mjs';
import { say, step } from './say.mjs';
import { downloadBySdk } from './sdk-download.mjs';

const VERSION = '1.38.0';
const SLF4J_VERSION = '1.7.36';

/**
 * Temporal's test server, whose clock jumps to the next timer: workflow tests see months in milliseconds. Named by
 * TEMPORAL_TEST_SERVER_PATH, in the user's cache folder, downloaded by the SDK, or its jars from Maven Central with Java.
 */
export async function ensureTestServer() {
  const named = process.env.TEMPORAL_TEST_SERVER_PATH;
  if (named) {
    if (isExecutable(named)) return named;
    throw new SetUpError(`TEMPORAL_TEST_SERVER_PATH: expected an executable file, got '${named}'.`);
  }
  const binary = join(cacheFolder(), `temporal-test-server-${VERSION}`);
  const withJars = join(cacheFolder(), `temporal-test-server-${VERSION}-jars`);
  const starter = join(withJars, 'start.sh');
  const known = [binary, starter].find(isExecutable);
  if (known) return known;
  ensureCacheFolder();
  say("No test server of Temporal's on this machine yet: asking the SDK to download one");
  if (await downloadBySdk({ create: 'createTimeSkipping', version: VERSION, target: binary })) return binary;
  await fetchJars(withJars);
  return starter;
}

async function fetchJars(target) {
  if (!findOnPath('mvn') || !findOnPath('java')) {
    throw new SetUpError(
      `The workflow tests need Temporal's test server ${VERSION}: neither TEMPORAL_TEST_SERVER_PATH, nor a download, nor Maven\n` +
        'with Java 11 or later. Install Maven and Java, or name the executable (https://docs.temporal.io/develop/typescript/testing-suite).',
    );
  }
  say('Fetching the test server from Maven Central (some seconds, once for this user)');
  const folder = mkdtempSync(join(cacheFolder(), 'jars-'));
  try {
    writeFileSync(join(folder, 'pom.xml'), POM);
    const { code, output } = await step('mvn', () =>
      run('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=jars'], { quiet: true, cwd: folder }),
    );
    if (code !== 0)
      throw new SetUpError(`mvn failed:\n${output.slice(-2_000)}\nCheck that Maven Central can be reached.`);
    const starter = join(folder, 'start.sh');
    writeFileSync(starter, STARTER);
    chmodSync(starter, 0o755);
    // A rename is atomic: what was cut off leaves nothing that looks finished.
    rmSync(target, { recursive: true, force: true });
    renameSync(folder, target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const dependency = (groupId, artifactId, version) =>
  `<dependency><groupId>${groupId}</groupId><artifactId>${artifactId}</artifactId><version>${version}</version></dependency>`;

const POM = `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>dealbridge</groupId><artifactId>test-server</artifactId><version>1</version>
  <dependencies>
    ${dependency('io.temporal', 'temporal-test-server', VERSION)}
    ${dependency('org.slf4j', 'slf4j-nop', SLF4J_VERSION)}
  </dependencies>
</project>
`;

// A short-lived server: compiled lightly, so that it is there within a second.
const STARTER = `#!/bin/sh
exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$(dirname "$0")/jars/*" io.temporal.testserver.TestServer "$@"
`;
