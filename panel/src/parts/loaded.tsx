// What is being read: nothing at first, lines after a moment, the old rows dimmed while new ones come.
import {useEffect, useState} from 'preact/hooks';
import type {ComponentChildren} from 'preact';
import {Countdown, ProblemNote} from './problem';
import {drawn} from '../turns';
import {t} from '../words';

export interface Loading<T> {
  data: T | undefined;
  error: unknown;
  failureReason: unknown;
  isPlaceholderData: boolean;
  refetch: () => unknown;
}

// What is beside the first screen is asked for when that is there.
export function useDrawn(there: boolean): void {
  useEffect(() => {
    if (there) drawn();
  }, [there]);
}

export function Skeleton() {
  const [shown, setShown] = useState(0);
  useEffect(() => {
    const timers = [300, 5000].map((pause, step) => setTimeout(() => setShown(step + 1), pause));
    return () => timers.forEach(clearTimeout);
  }, []);
  return (
    <div class={shown ? 'skeleton' : 'skeleton unseen'} role="status">
      <span class={shown > 1 ? 'faint' : 'spoken'}>{shown > 1 ? t().slow : t().loading}</span>
      <i />
      <i />
      <i />
    </div>
  );
}

export function Loaded<T>(props: {query: Loading<T>; children: (data: T) => ComponentChildren}) {
  const {query, children} = props;
  useDrawn(query.data !== undefined || Boolean(query.error ?? query.failureReason));
  const waits = !query.error && query.failureReason ? <Countdown error={query.failureReason} /> : null;
  const failed = query.error ? <ProblemNote error={query.error} retry={() => query.refetch()} /> : null;
  if (query.data === undefined) return failed ?? waits ?? <Skeleton />;
  return (
    <>
      {failed}
      {waits}
      <div class={query.isPlaceholderData ? 'loaded old' : 'loaded'} aria-busy={query.isPlaceholderData}>
        {children(query.data)}
      </div>
    </>
  );
}
