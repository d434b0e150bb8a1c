// Times are told by how long ago they are, beyond a week by their date, and exactly when one points at them.
import {days, earlier, moments, relative, times} from '../formats';
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
  return relative(language()).format(Math.round(seconds / length), unit);
}

export function exactly(text: string): string {
  return times(language()).format(new Date(text));
}

// Date and time in short, with the year where it is another one.
export function moment(text: string): string {
  const date = new Date(text);
  return (date.getFullYear() === new Date().getFullYear() ? moments(language()) : earlier(language())).format(date);
}

const week = 7 * 86_400_000;

export function day(text: string): string {
  return days(language()).format(new Date(text));
}

// left: until something is due, which is told by how long that is, with emphasis where it is less than a day.
export function Time({at, left = false}: {at: string; left?: boolean}) {
  const length = Date.parse(at) - Date.now();
  return (
    <time dateTime={at} title={`${exactly(at)} (${at})`} class={left && length < week / 7 ? 'bad-text' : undefined}>
      {left || Math.abs(length) < week ? ago(at) : moment(at)}
    </time>
  );
}
