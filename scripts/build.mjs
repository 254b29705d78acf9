import { endWith, setUp } from './setup.mjs';

await setUp({ temporal: false }).catch(endWith);
