import { EFFECTS } from './effects.js';
import { countFaults, type FaultyServers } from './report.js';

/** From this share of the deals at rest on; the last ones alone would meet what is planned for as many as there were. */
const AT_REST = 0.95;

/**
 * Both systems are well again once every effect has hit and nearly all deals rest. What is left of the plan would hit the few
 * that are still under way at nearly each of their tries, which come a minute apart by then, and would show nothing new.
 *
 * @returns whether they are; to be asked while the run goes on
 */
export function createRecovery(
  servers: FaultyServers,
  { deals, say }: { readonly deals: number; readonly say: (text: string) => void },
): (resting: number) => boolean {
  let isWell = false;
  return (resting) => {
    if (isWell || resting < AT_REST * deals) return isWell;
    const { faults } = countFaults(servers);
    if (EFFECTS.some((effect) => faults[effect] === undefined)) return false;
    let left = 0;
    for (const { faults: armed } of Object.values(servers))
      for (const { id, hit } of armed.list()) if (hit === 0 && armed.remove(id)) left += 1;
    say(
      `every kind of fault has hit and ${resting} of ${deals} deals are at rest: the ${left} faults left are taken out`,
    );
    isWell = true;
    return true;
  };
}
