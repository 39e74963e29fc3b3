/** The tools that `render` has a text for, in the order of its list; formats.ts has the texts. */
export const FORMAT_NAMES = [
  ...(['user-data', 'cloud-init', 'ansible', 'dockerfile'] as const),
  ...(['cloudformation', 'stackset', 'terraform'] as const),
] as const;
export type FormatName = (typeof FORMAT_NAMES)[number];
