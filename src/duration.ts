const SECONDS_PER_UNIT = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** `45`, `45s`, `20m`, `8h` or `1d` in seconds; a bare number is in `bareUnit`. Undefined for anything else. */
export function parseDuration(
  text: string,
  bareUnit: keyof typeof SECONDS_PER_UNIT = 's',
): number | undefined {
  const match = /^(\d{1,9})([smhd]?)$/.exec(text.trim());
  if (!match) return undefined;
  const unit = (match[2] || bareUnit) as keyof typeof SECONDS_PER_UNIT;
  return Number(match[1]) * SECONDS_PER_UNIT[unit];
}

/** `28800` as `8h`, `90` as `90s`: the largest unit that keeps it whole. */
export function formatDuration(seconds: number): string {
  for (const unit of ['d', 'h', 'm'] as const) {
    if (seconds >= SECONDS_PER_UNIT[unit] && seconds % SECONDS_PER_UNIT[unit] === 0) {
      return `${seconds / SECONDS_PER_UNIT[unit]}${unit}`;
    }
  }
  return `${seconds}s`;
}
