/** Says what a script does; a step over two seconds shows that it lives. */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

export async function step(title, work) {
  const startedAt = Date.now();
  const seconds = () => ((Date.now() - startedAt) / 1000).toFixed(0);
  const onTerminal = process.stderr.isTTY === true;
  const beat = setInterval(
    () => process.stderr.write(onTerminal ? `\r  ${title} … ${seconds()} s` : `  ${title} … ${seconds()} s\n`),
    onTerminal ? 1_000 : 10_000,
  );
  try {
    const result = await work();
    if (Date.now() - startedAt > 2_000) say(`${onTerminal ? '\r' : ''}  ${title}: done in ${seconds()} s`);
    return result;
  } finally {
    clearInterval(beat);
  }
}
