/**
 * What the sources do not settle, each with the reading that was chosen; the numbers are sections of
 * reference/business-central.
 */
export interface Switches {
  /** 8: Microsoft documents Retry-After for 502 and 503 only; `true` sends it with 429 as well. */
  retryAfterOn429: boolean;
  /** 1.3: a missing table permission answers 403 (mostly); 400 and 401 were seen. */
  permissionStatus: 400 | 401 | 403;
  /** 10.2: the code of a well-formed id that nothing has. */
  unknownIdCode: 'Internal_RecordNotFound' | 'BadRequest_NotFound' | 'BadRequest_ResourceNotFound';
  /** 4.2: an order that was only shipped answers 200 rather than 204. */
  shippedOnlyStatus: 200 | 204;
  /** 7: more than 100 operations in a batch. */
  batchTooLargeStatus: 400 | 500;
  /** 11.4: a GET of a draft recalculates its invoice discount, so that the etag moves. */
  getMovesEtag: boolean;
  /** 3.6: `$expand` of a POST was observed to count, of a PATCH nobody says; `false` answers with the bare header. */
  expandsPatch: boolean;
  /** 9.2: the HTTP method of the handshake is not documented. */
  handshakeMethod: 'POST' | 'GET';
  /** 10.2: a duplicate key; 409 is possible. */
  duplicateStatus: 400 | 409;
  /** 1.1: the type of the environment; a copy of a production environment is a sandbox. */
  environmentType: 'Production' | 'Sandbox';
  /** 1.3: whether the page Microsoft Entra Applications has the app, with State Enabled. */
  application: 'enabled' | 'none';
  /** 1.3: what the application may not do, as `salesInvoices:POST`. */
  denied: string[];
}

export const DEFAULT_SWITCHES: Readonly<Switches> = {
  retryAfterOn429: false,
  permissionStatus: 403,
  unknownIdCode: 'Internal_RecordNotFound',
  shippedOnlyStatus: 200,
  batchTooLargeStatus: 500,
  getMovesEtag: false,
  expandsPatch: true,
  handshakeMethod: 'POST',
  duplicateStatus: 400,
  environmentType: 'Production',
  application: 'enabled',
  denied: [],
};

export const SWITCH_SECTIONS: Readonly<Record<keyof Switches, string>> = {
  retryAfterOn429: '8',
  permissionStatus: '1.3',
  unknownIdCode: '10.2',
  shippedOnlyStatus: '4.2',
  batchTooLargeStatus: '7',
  getMovesEtag: '11.4',
  expandsPatch: '3.6',
  handshakeMethod: '9.2',
  duplicateStatus: '10.2',
  environmentType: '1.1',
  application: '1.3',
  denied: '1.3',
};
