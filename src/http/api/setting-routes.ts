import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { listCredentials, rotateCredentials } from '../../operations/settings/credentials.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import { json, REFUSALS } from './route-parts.js';

/** What the installation goes by: credentials, never a value of one. */

const text = z.string();
const time = z.iso.datetime();

const credentialSchema = z
  .object({
    name: text,
    generation: z.number(),
    kind: z.enum(['secret', 'certificate']),
    keyId: text.openapi({ description: 'Key of the ring that it is sealed with.' }),
    expiresAt: time.optional().openapi({ description: 'Of a certificate; of a secret Entra tells nobody.' }),
    setAt: time,
    setBy: text,
    validUntil: time.optional().openapi({ description: 'Of one that has a newer generation.' }),
  })
  .openapi('Credential');

export function addSettingRoutes(api: OpenAPIHono<DeskEnv>, dependencies: DeskDependencies): void {
  api.openapi(
    createRoute({
      method: 'get',
      path: '/credentials',
      summary: 'What is stored of credentials and when each expires, never a value',
      responses: { 200: json(z.array(credentialSchema), 'All generations that are kept'), ...REFUSALS },
    }),
    async (c) => {
      const found = await listCredentials(dependencies, c.get('person'), {});
      const credentials = found.map(({ thumbprint: _thumbprint, expiresAt, setAt, validUntil, ...facts }) => ({
        ...facts,
        ...{ expiresAt: expiresAt?.toISOString(), setAt: setAt.toISOString(), validUntil: validUntil?.toISOString() },
      }));
      return c.json(credentials, 200);
    },
  );

  api.openapi(
    createRoute({
      method: 'post',
      path: '/credentials/rotate',
      summary: 'Seal every credential with the newest key of the ring',
      responses: { 200: json(z.object({ keyId: text, resealed: z.number() }), 'Sealed'), ...REFUSALS },
    }),
    async (c) => c.json(await rotateCredentials(dependencies, c.get('person'), {}), 200),
  );
}
