import type { Host } from './host.ts';

export interface Target {
  Key: string;
  Values: string[];
}

/** Keys AND, values OR. */
export function findByTargets(
  account: { readonly hosts: readonly Host[] },
  targets: readonly Target[],
): Host[] {
  return account.hosts.filter((host) =>
    targets.every(({ Key, Values }) => {
      if (Key.toLowerCase() === 'instanceids') return Values.includes(host.spec.id);
      if (Key === 'tag-key') return Values.some((value) => value in host.spec.tags);
      if (Key === 'resource-groups:Name') return Values.some((group) => host.spec.groups?.includes(group));
      return Key.startsWith('tag:') && Values.includes(host.spec.tags[Key.slice(4)] ?? '\0');
    }),
  );
}
