export interface SimApp {
  readonly clientId: string;
  clientSecret: string;
  /** Where people who signed in are sent back to. */
  readonly redirectUris?: readonly string[];
}

/** What is known of an app besides the secret that it was registered with. */
export interface Registration {
  readonly secrets: Set<string>;
  readonly expiredSecrets: Set<string>;
  readonly certificates: string[];
  readonly redirectUris: string[];
  /** App roles of other apps that this one was given. */
  readonly roles: Set<string>;
  /** Whether an administrator has consented to what it asks for. */
  hasConsent: boolean;
}

/** The app registrations of the tenant by their client id. */
export class Registrations {
  readonly all = new Map<string, Registration>();

  constructor(apps: readonly SimApp[]) {
    for (const app of apps) {
      const registration = this.register(app.clientId);
      registration.secrets.add(app.clientSecret);
      registration.hasConsent = true;
      registration.redirectUris.push(...(app.redirectUris ?? []));
    }
  }

  /** The one that is there, or a new one. */
  register(clientId: string): Registration {
    const known = this.all.get(clientId);
    if (known) return known;
    const made: Registration = {
      secrets: new Set(),
      expiredSecrets: new Set(),
      certificates: [],
      redirectUris: [],
      roles: new Set(),
      hasConsent: false,
    };
    this.all.set(clientId, made);
    return made;
  }
}
