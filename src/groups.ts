/** Items with equal keys together, the largest group first; `sizeOf` counts what a group stands for. */
export function groupBy<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  sizeOf: (group: readonly T[]) => number = ({ length }) => length,
): (readonly [T, ...T[]])[] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups.values()].sort((one, other) => sizeOf(other) - sizeOf(one));
}
