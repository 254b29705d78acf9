/** What of a JSON Schema our document uses; anything else in it is a fault as well, so that nothing is taken for checked. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | false;
  readonly propertyNames?: JsonSchema;
  readonly items?: JsonSchema;
  readonly description?: string;
  readonly example?: unknown;
}

export type Components = Readonly<Record<string, JsonSchema>>;

const KNOWN: ReadonlySet<string> = new Set([
  ...['$ref', 'type', 'format', 'pattern', 'enum', 'const', 'anyOf', 'allOf', 'properties', 'required'],
  ...['additionalProperties', 'propertyNames', 'items', 'description', 'example'],
]);

const FORMATS: Readonly<Record<string, RegExp>> = {
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
};

/** Where a value is another than the schema says; a property that the schema does not name is one, too. */
export function findSchemaFaults(schema: JsonSchema, value: unknown, components: Components, at = '$'): string[] {
  const into = (one: JsonSchema, of: unknown, where: string) => findSchemaFaults(one, of, components, where);
  if (schema.$ref !== undefined) {
    const named = components[schema.$ref.replace('#/components/schemas/', '')];
    return named ? into(named, value, at) : [`${at}: ${schema.$ref} is not in the document`];
  }
  // A property may stand in either part.
  if (schema.allOf) return into(schema.allOf.map((one) => resolve(one, components)).reduce(merge), value, at);
  if (schema.anyOf) {
    const each = schema.anyOf.map((one) => into(one, value, at));
    return each.some((faults) => faults.length === 0) ? [] : each.flat();
  }
  const strange = Object.keys(schema).filter((key) => !KNOWN.has(key));
  if (strange.length > 0) return [`${at}: the schema says ${strange.join(', ')}`];
  if (schema.enum && !schema.enum.includes(value)) return [`${at}: ${JSON.stringify(value)} is not listed`];
  if ('const' in schema && schema.const !== value) return [`${at}: ${JSON.stringify(value)} is not the value`];
  if (schema.type === undefined) return [];
  if (schema.type !== typeOf(value)) return [`${at}: ${typeOf(value)} instead of ${schema.type}`];
  if (typeof value === 'string' && schema.pattern !== undefined && !new RegExp(schema.pattern).test(value))
    return [`${at}: '${value}' is no ${schema.format}`];
  const format = FORMATS[schema.format ?? ''];
  if (typeof value === 'string' && format && !format.test(value)) return [`${at}: '${value}' is no ${schema.format}`];
  if (Array.isArray(value)) return value.flatMap((one, index) => into(schema.items ?? {}, one, `${at}[${index}]`));
  if (typeof value !== 'object' || value === null) return [];
  const { properties = {}, required = [], additionalProperties = false, propertyNames = {} } = schema;
  const missing = required.filter((name) => !(name in value)).map((name) => `${at}.${name} is missing`);
  const present = Object.entries(value).flatMap(([name, one]) => {
    const known = properties[name];
    if (known) return into(known, one, `${at}.${name}`);
    if (additionalProperties === false) return [`${at}.${name} is not in the document`];
    return [...into(propertyNames, name, `${at}.${name}`), ...into(additionalProperties, one, `${at}.${name}`)];
  });
  return [...missing, ...present];
}

function resolve(schema: JsonSchema, components: Components): JsonSchema {
  if (schema.$ref !== undefined) return components[schema.$ref.replace('#/components/schemas/', '')] ?? {};
  return schema;
}

function merge(one: JsonSchema, other: JsonSchema): JsonSchema {
  return {
    ...one,
    ...other,
    properties: { ...one.properties, ...other.properties },
    required: [...(one.required ?? []), ...(other.required ?? [])],
  };
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
