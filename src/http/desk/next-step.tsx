/** What somebody has to do, with the commands in it as what is typed. */
export function NextStep({ text }: { readonly text: string }) {
  return <>{text.split('`').map((part, index) => (index % 2 === 0 ? part : <code>{part}</code>))}</>;
}
