import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { listCredentials, rotateCredentials } from '../../operations/settings/credentials.js';
import { listMappings, showMapping } from '../../operations/settings/mappings.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import { json, REFUSALS } from './route-parts.js';

/** What the installation goes by: rules and their history, and credentials, never a value of one. */

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

const mappingSchema = z
  .object({
    hash: text,
    firstUsedAt: time,
    records: z.number().openapi({ description: 'Deals whose document was made by it, or would have been.' }),
    isInForce: z.boolean(),
  })
  .openapi('Mapping');
const mappingContent = z.object({ hash: text, firstUsedAt: time, content: z.unknown() });

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

  api.openapi(
    createRoute({
      method: 'get',
      path: '/mappings',
      summary: 'The rules that workers were started with, the newest first',
      responses: { 200: json(z.array(mappingSchema), 'Their history'), ...REFUSALS },
    }),
    async (c) => {
      const found = await listMappings(dependencies, c.get('person'), {});
      const mappings = found.map(({ hash, firstUsedAt, records }) => ({
        ...{ hash, firstUsedAt: firstUsedAt.toISOString(), records },
        isInForce: hash === dependencies.rules.mappingHash,
      }));
      return c.json(mappings, 200);
    },
  );

  api.openapi(
    createRoute({
      method: 'get',
      path: '/mappings/{hash}',
      summary: 'One of them, as a rules file says it; the beginning of the hash is enough',
      request: { params: z.object({ hash: text }) },
      responses: { 200: json(mappingContent, 'The rules'), ...REFUSALS },
    }),
    async (c) => {
      const { hash, firstUsedAt, content } = await showMapping(dependencies, c.get('person'), c.req.valid('param'));
      return c.json({ hash, firstUsedAt: firstUsedAt.toISOString(), content }, 200);
    },
  );
}
