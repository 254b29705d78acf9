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
  return named.replace(/(^|; )rowId: expected /g, '$1<guid>: expected ');
}
