// Times are told by how long ago they are, exactly when one points at them.
import {language, t} from '../words';

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

export function ago(text: string): string {
  const seconds = (Date.parse(text) - Date.now()) / 1000;
  const [unit, length] = steps.find(([, size]) => Math.abs(seconds) >= size) ?? [];
  if (!unit || !length) return t().time.now;
  return new Intl.RelativeTimeFormat(language(), {numeric: 'auto'}).format(Math.round(seconds / length), unit);
}

export function exactly(text: string): string {
  return new Intl.DateTimeFormat(language(), {dateStyle: 'medium', timeStyle: 'medium'}).format(new Date(text));
}

export function day(text: string): string {
  return new Intl.DateTimeFormat(language(), {dateStyle: 'medium'}).format(new Date(text));
}

export function Time({at}: {at: string}) {
  return (
    <time dateTime={at} title={`${exactly(at)} (${at})`}>
      {ago(at)}
    </time>
  );
}
