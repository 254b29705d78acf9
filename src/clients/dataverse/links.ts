import { InternalError } from '../../deal/errors.js';

/**
 * Links are followed as they are (reference/dataverse-sales 8); the token goes to our own environment, whatever host a link names.
 * @throws InternalError for any other link: what is left unread would be missing, and nobody would know
 */
export function toPath(link: string): string {
  const path = /^https?:\/\/[^/]+\/api\/data\/v9\.\d\/(.+)$/.exec(link)?.[1];
  if (path === undefined) throw new InternalError('expected a link of Dataverse, got another one');
  return path;
}
