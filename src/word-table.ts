/** A table that is looked up with words of others. `constructor` and other names that every object has are not in it. */
export function wordTable<T>(rows: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.setPrototypeOf({ ...rows }, null) as Readonly<Record<string, T>>;
}
