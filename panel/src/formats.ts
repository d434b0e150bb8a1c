// Formats of times. One takes far longer to make than to use, and a list needs a hundred.
function kept<T>(make: (language: string) => T): (language: string) => T {
  const made = new Map<string, T>();
  return (language) => {
    const format = made.get(language) ?? make(language);
    made.set(language, format);
    return format;
  };
}

export const relative = kept((name) => new Intl.RelativeTimeFormat(name, {numeric: 'auto'}));
export const times = kept((name) => new Intl.DateTimeFormat(name, {dateStyle: 'medium', timeStyle: 'medium'}));
const short = {day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23'} as const;
export const moments = kept((name) => new Intl.DateTimeFormat(name, short));
export const earlier = kept((name) => new Intl.DateTimeFormat(name, {...short, year: 'numeric'}));
export const days = kept((name) => new Intl.DateTimeFormat(name, {dateStyle: 'medium'}));

// Makes those that every list needs, and uses them once, for some of it is done then.
export function warm(language: string): void {
  const now = new Date();
  relative(language).format(-1, 'hour');
  times(language).format(now);
  moments(language).format(now);
}
