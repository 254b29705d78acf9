import { setFlagsFromString } from 'node:v8';

/**
 * Imported before anything else by the worker: with much memory in the machine V8 lets the heap grow to several times of what is in
 * use before it looks. So it looks when that has grown by a quarter; docs/performance.md says what this saves and costs.
 */
setFlagsFromString('--heap-growing-percent=25');
/** Of the threads that run workflows, which begin later: they keep little of what they make, and most of that for long. In MB. */
setFlagsFromString('--max-semi-space-size=4');
