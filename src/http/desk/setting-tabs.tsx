const TABS = [
  { tab: 'rules', path: '/settings', name: 'Rules' },
  { tab: 'compare', path: '/settings/compare', name: 'Try a rules file' },
  { tab: 'credentials', path: '/settings/credentials', name: 'Credentials' },
] as const;

/** The pages of what the installation goes by. */
export function SettingTabs({ here }: { readonly here: (typeof TABS)[number]['tab'] }) {
  return (
    <nav class="tabs" aria-label="Settings">
      {TABS.map(({ tab, path, name }) => (
        <a href={path} {...(tab === here && { 'aria-current': 'page' })}>
          {name}
        </a>
      ))}
    </nav>
  );
}
