/** The routes of the API, for tests that try each of them. */

export const NOBODY = '0a0a0000-0000-4000-8000-00000000000a';

/** Each route with what the card says of it: V Viewer, O Operator, P Approver, A Admin. */
export const ROUTES: readonly (readonly [method: string, path: string, body: object | undefined, card: string])[] = [
  ['GET', '/deals', undefined, 'VOPA'],
  ['GET', '/deals/:waiting', undefined, 'VOPA'],
  ['POST', '/deals/:waiting/confirm', {}, '--PA'],
  ['POST', '/deals/:waiting/reject', { reason: 'wrong price' }, '--PA'],
  ['POST', '/deals/:held/retry', undefined, '-OPA'],
  ['POST', '/deals/:held/cancel', { reason: 'ordered twice' }, '-OPA'],
  ['POST', '/deals/:waiting/notes', { text: 'asked Mr Brown' }, '-OPA'],
  ['PUT', '/deals/:waiting/assignee', { to: 'me' }, '-OPA'],
  ['GET', '/deals/:waiting/preview', undefined, 'VOPA'],
  ['GET', '/deals/:held/replay', undefined, 'VOPA'],
  ['POST', '/deals/:held/replay', { recorded: 'yes', mapping: 'now' }, '-OPA'],
  ['GET', '/views', undefined, 'VOPA'],
  ['PUT', '/views/mine', { query: 'view=held&owner=finance' }, 'VOPA'],
  ['DELETE', '/views/mine', undefined, 'VOPA'],
  ['GET', '/feeds', undefined, 'VOPA'],
  ['POST', '/feeds/salesorder/nudge', undefined, '-O-A'],
  ['POST', '/feeds/salesorder/pause', undefined, '-O-A'],
  ['GET', '/master-data?of=accounts&problems=only', undefined, 'VOPA'],
  ['POST', '/master-data/account/:account/retry', undefined, '-O-A'],
  ['GET', '/matches', undefined, 'VOPA'],
  ['POST', '/matches/search', undefined, '-O-A'],
  ['POST', '/matches/decisions', { decisions: [{ account: NOBODY, customer: 'C20001' }] }, '--PA'],
  ['GET', '/drift', undefined, 'VOPA'],
  ['POST', '/drift/comparison', undefined, 'VOPA'],
  ['POST', '/drift/repair', undefined, '-O-A'],
  ['GET', '/mappings', undefined, 'VOPA'],
  ['GET', '/credentials', undefined, '---A'],
  ['POST', '/credentials/rotate', undefined, '---A'],
  ['GET', '/trail/verification', undefined, 'VOPA'],
  ['GET', '/examination', undefined, '-O-A'],
];

/** Of a draft that nobody has. */
export const NO_FIGURES = Buffer.from('["1","1.00","EUR"]').toString('base64url');
