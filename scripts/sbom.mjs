// `node scripts/sbom.mjs`: dist/dealbridge.cdx.json, every package of production by the lock file, as CycloneDX. Asks nobody. Alone
// in the build of the image, so it needs nothing but Node and npm.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const read = (name) => JSON.parse(readFileSync(name, 'utf8'));

/**
 * npm lists what is in a lock file; with `--omit dev` it also leaves out what a package of development needs as well as one of
 * production does. So it is given a lock file in which there is no development.
 */
const { devDependencies: _dev, workspaces: _workspaces, ...product } = read('package.json');
const { packages, ...lock } = read('package-lock.json');
const { devDependencies: _lockedDev, workspaces: _lockedWorkspaces, ...root } = packages[''];
const production = Object.entries(packages).filter(
  ([path, { dev, link }]) => path.startsWith('node_modules/') && !dev && !link,
);

const temporary = mkdtempSync(join(tmpdir(), 'dealbridge-sbom-'));
try {
  // npm calls the product as the folder is called.
  const folder = join(temporary, product.name);
  mkdirSync(folder);
  const write = (name, content) => writeFileSync(join(folder, name), JSON.stringify(content));
  write('package.json', product);
  write('package-lock.json', { ...lock, packages: { '': root, ...Object.fromEntries(production) } });
  const args = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'];
  writeFileSync('dist/dealbridge.cdx.json', execFileSync('npm', args, { cwd: folder, maxBuffer: 2 ** 26 }));
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
