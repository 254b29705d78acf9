// The JSON line of the simulators is the only thing on standard output.
import { endWith, setUp } from './setup.mjs';

await setUp({ temporal: false }).catch(endWith);
await import('../simulators/dist/main.js');
