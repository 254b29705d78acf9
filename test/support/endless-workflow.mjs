/** A module whose start never ends, as one that a machine is too busy for: the SDK breaks it off after five seconds. */
for (;;) if (globalThis.isNever) break;

export async function endless() {}
