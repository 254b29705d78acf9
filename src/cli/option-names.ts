/**
 * Faults of an input name its fields; whoever sits at the terminal typed options, and arguments as the help names them.
 *
 * @param typed what stands behind `dealbridge`
 */
export function withOptionNames(message: string, typed: readonly string[]): string {
  const options = typed.filter((text) => /^--[a-z]/.test(text)).map((text) => text.replace(/=.*/s, ''));
  const named = options.reduce((text, option) => {
    const field = option.slice(2).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    return text.replace(new RegExp(`(^|; )${field}(Days)?(\\.\\d+)?: expected `, 'g'), `$1${option}: expected `);
  }, message);
  // An id that is no option is the argument that every help calls `<guid>`.
  const id = options.includes('--record') ? '--record' : '<guid>';
  return named
    .replace(/(^|; )(rowId|recordId|record id): expected /g, `$1${id}: expected `)
    .replace(/(^|; )decisions((\.\d+(\.\w+)?)?): expected /g, '$1--apply$2: expected ');
}
