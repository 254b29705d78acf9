/** What the configuration says of decisions; workflows ask, so that their history holds the answer. */
export function createDecisionSettings({ unsealedDecisions }: { readonly unsealedDecisions: boolean }) {
  return { takesUnsealedDecisions: async (): Promise<boolean> => unsealedDecisions };
}

export type DecisionSettings = ReturnType<typeof createDecisionSettings>;
