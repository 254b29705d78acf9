const TABS = [
  { tab: 'problems', path: '/masters', name: 'Problems' },
  { tab: 'matches', path: '/masters/matches', name: 'Matches' },
  { tab: 'drift', path: '/masters/drift', name: 'Drift' },
] as const;

/** The pages of master data. */
export function MasterTabs({ here }: { readonly here: (typeof TABS)[number]['tab'] }) {
  return (
    <nav class="tabs" aria-label="Master data">
      {TABS.map(({ tab, path, name }) => (
        <a href={path} {...(tab === here && { 'aria-current': 'page' })}>
          {name}
        </a>
      ))}
    </nav>
  );
}
