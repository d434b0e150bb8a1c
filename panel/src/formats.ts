// Formats of times, in the zone that is chosen. One takes far longer to make than to use, and a list needs a hundred.
import {inUtc} from './settings';

function kept<T>(make: (language: string, zone: {timeZone?: string}) => T): (language: string) => T {
  const made = new Map<string, T>();
  return (language) => {
    const zone = inUtc() ? {timeZone: 'UTC'} : {};
    const name = language + zone.timeZone;
    const format = made.get(name) ?? make(language, zone);
    made.set(name, format);
    return format;
  };
}

export const relative = kept((name) => new Intl.RelativeTimeFormat(name, {numeric: 'auto'}));
export const times = kept((name, zone) => new Intl.DateTimeFormat(name, {dateStyle: 'medium', timeStyle: 'medium', ...zone}));
const short = {day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23'} as const;
export const moments = kept((name, zone) => new Intl.DateTimeFormat(name, {...short, ...zone}));
export const earlier = kept((name, zone) => new Intl.DateTimeFormat(name, {...short, year: 'numeric', ...zone}));
export const days = kept((name, zone) => new Intl.DateTimeFormat(name, {dateStyle: 'medium', ...zone}));

// Makes those that every list needs, and uses them once, for some of it is done then.
export function warm(language: string): void {
  const now = new Date();
  relative(language).format(-1, 'hour');
  times(language).format(now);
  moments(language).format(now);
}
