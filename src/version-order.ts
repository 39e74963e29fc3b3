/** True if a version such as `1.2.3` is at least `least`. A text that is no version counts as older than any. */
export function isAtLeast(version: string, least: string): boolean {
  const own = parse(version);
  if (own === undefined) return false;
  const other = parse(least) ?? [];
  for (let at = 0; at < Math.max(own.length, other.length); at += 1) {
    const difference = (own[at] ?? 0) - (other[at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

function parse(text: string): number[] | undefined {
  return /^\d+(\.\d+)*$/.test(text) ? text.split('.').map(Number) : undefined;
}
