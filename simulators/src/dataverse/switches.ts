import type { ActionSwitches } from './actions.js';
import type { ChangeSettings } from './changes.js';

/** What the sources could not confirm (reference/dataverse-sales 14), and what an administrator may have set. */
export interface Switches extends ActionSwitches, ChangeSettings {
  /** Application users by client id: without a role every call is 403, `denied` names `table:Privilege`. */
  applicationUser: 'ok' | 'none' | 'disabled' | 'no-role';
  denied: string[];
}

export const DEFAULT_SWITCHES: Readonly<Switches> = {
  openQuotesBlockWin: false,
  expireDays: 7,
  linkOnEveryPage: false,
  annotationsHideLink: false,
  applicationUser: 'ok',
  denied: [],
};
