// What was read from the service, by name: shown at once where it is known, read anew where it is old, and by one
// request however many show it.
import {useEffect, useLayoutEffect, useReducer, useRef} from 'preact/hooks';

export interface Reading<T> {
  queryKey: readonly unknown[]; // those that are equal are one
  queryFn: (context: {signal: AbortSignal}) => Promise<T>;
  enabled?: boolean;
  staleTime?: number; // ms, after which it is read anew where someone begins to look
  gcTime?: number; // ms for which it is known still when nobody shows it any more
  placeholderData?: true; // what this place showed before stays until the new is there
  refetchInterval?: number | ((data: T | undefined, times: number) => number | false); // ms
}

export interface Query<T> {
  data: T | undefined;
  error: unknown;
  failureReason: unknown; // of a try that is repeated after a while
  isFetching: boolean;
  isPlaceholderData: boolean;
  dataUpdatedAt: number; // ms since the epoch, 0 before there is anything
  refetch: () => Promise<{data: T | undefined}>;
}

export const keepPreviousData = true;

interface Watcher {
  reading: Reading<unknown>;
  redraw: (action: undefined) => void;
}

interface Run {
  control: AbortController;
  done: Promise<void>;
}

const usual = {stale: 5_000, kept: 300_000};
const known = new Map<string, Entry>();

// An error may say after how many seconds it is to be tried again.
const secondsOf = (error: unknown): number | null => (error as {retryAfter?: number | null} | null)?.retryAfter ?? null;

const seen = (): boolean => document.visibilityState !== 'hidden';

// Ends when someone looks.
const looked = (): Promise<void> =>
  new Promise((done) => {
    const look = (): void => {
      if (!seen()) return;
      document.removeEventListener('visibilitychange', look);
      done();
    };
    document.addEventListener('visibilitychange', look);
    look();
  });

class Entry {
  data: unknown = undefined;
  error: unknown = null;
  failure: unknown = null;
  at = 0;
  times = 0;
  old = false;
  run: Run | null = null;
  watchers = new Set<Watcher>();
  timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly name: string,
    public reading: Reading<unknown>,
  ) {}

  stale({staleTime = usual.stale}: Reading<unknown>): boolean {
    return this.old || !this.at || this.at + staleTime <= Date.now();
  }

  wanted(): Watcher[] {
    return [...this.watchers].filter(({reading}) => reading.enabled !== false);
  }

  tell(): void {
    for (const {redraw} of this.watchers) redraw(undefined);
  }

  // anew: what is under way was asked for before what has changed.
  fetch(anew = false): Promise<void> {
    if (this.run && anew && this.at) this.stop();
    this.run ??= this.begin();
    return this.run.done;
  }

  begin(): Run {
    const control = new AbortController();
    const run = {control, done: Promise.resolve()};
    const failed = this.error ?? this.failure;
    this.failure = null;
    if (!this.at) this.error = null;
    run.done = Promise.resolve().then(() => this.read(run));
    clearTimeout(this.timer);
    if (failed) this.tell();
    return run;
  }

  async read(run: Run): Promise<void> {
    while (!run.control.signal.aborted) {
      try {
        this.end(run, {data: await this.reading.queryFn({signal: run.control.signal}), error: null, at: Date.now()});
        return;
      } catch (error) {
        const seconds = secondsOf(error);
        if (seconds === null) return this.end(run, {error});
        if (this.run !== run) return;
        this.failure = error;
        this.tell();
        await new Promise((done) => setTimeout(done, seconds * 1000));
        await looked();
      }
    }
  }

  end(run: Run, state: {data?: unknown; error: unknown; at?: number}): void {
    if (this.run !== run) return;
    Object.assign(this, state);
    this.run = null;
    this.failure = state.error;
    if (state.at) {
      this.times += 1;
      this.old = false;
    }
    this.tell();
    this.leave();
  }

  stop(): void {
    this.run?.control.abort();
    this.run = null;
  }

  reset(): void {
    this.stop();
    Object.assign(this, {data: undefined, error: null, failure: null, at: 0});
    this.tell();
    if (!this.watchers.size) this.forget();
  }

  forget(): void {
    clearTimeout(this.timer);
    if (known.get(this.name) === this) known.delete(this.name);
  }

  // Nobody shows it any more, for now.
  leave(): void {
    if (this.watchers.size || this.run) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.forget(), this.reading.gcTime ?? usual.kept);
  }
}

function nameOf(key: readonly unknown[]): string {
  return JSON.stringify(key, (_, value: unknown) =>
    Object.prototype.toString.call(value) === '[object Object]' ? Object.fromEntries(Object.entries(value as object).sort()) : value,
  );
}

function entryOf<T>(wished: Reading<T>): Entry {
  const reading = wished as Reading<unknown>;
  const name = nameOf(reading.queryKey);
  const entry = known.get(name) ?? new Entry(name, reading);
  known.set(name, entry);
  entry.reading = reading;
  return entry;
}

const refetch = (entries: Entry[]): Promise<unknown> =>
  Promise.all(entries.filter((one) => one.wanted().length).map((one) => one.fetch(true)));

document.addEventListener('visibilitychange', () => {
  if (!seen()) return;
  for (const entry of known.values()) if (entry.wanted().some(({reading}) => entry.stale(reading))) void entry.fetch();
});

export const cache = {
  // What is known besides, until who has signed in is another.
  notes: new Map<string, unknown>(),

  // Asks for something before it is shown.
  prefetch<T>(reading: Reading<T>): Promise<void> | undefined {
    const entry = entryOf(reading);
    return entry.stale(entry.reading) ? entry.fetch() : undefined;
  },

  // Reads anew whatever is on the screen, or what of it has this first word in its name. Ends when it is there.
  invalidate(first?: string): Promise<unknown> {
    const entries = [...known.values()].filter(({reading}) => first === undefined || reading.queryKey[0] === first);
    for (const entry of entries) entry.old = true;
    return refetch(entries);
  },

  // Forgets everything, and asks anew for what is on the screen.
  reset(): void {
    cache.notes.clear();
    const entries = [...known.values()];
    for (const entry of entries) entry.reset();
    void refetch(entries);
  },
};

// What a place of the page shows: the entry that it has joined, and the last one that had something to show.
class Place implements Watcher {
  joined: Entry | null = null;
  ready = false;
  last: Entry | null = null;

  constructor(
    public reading: Reading<unknown>,
    readonly redraw: (action: undefined) => void,
  ) {}

  join(entry: Entry): () => void {
    this.joined = entry;
    clearTimeout(entry.timer);
    known.set(entry.name, entry);
    entry.watchers.add(this);
    return () => {
      this.ready = false;
      entry.watchers.delete(this);
      if (!entry.watchers.size) entry.stop();
      entry.leave();
    };
  }

  // Will be read as soon as this has been drawn.
  due(entry: Entry): boolean {
    return this.reading.enabled !== false && !(this.ready && this.joined === entry) && entry.stale(this.reading);
  }

  query(entry: Entry): Query<unknown> {
    const due = this.due(entry);
    if (entry.data !== undefined) this.last = entry;
    const error = due && !entry.at ? null : entry.error;
    const before = entry.data === undefined && !error && this.reading.placeholderData ? this.last?.data : undefined;
    return {
      data: entry.data === undefined ? before : entry.data,
      error,
      failureReason: due ? null : entry.failure,
      isFetching: due || entry.run !== null,
      isPlaceholderData: before !== undefined,
      dataUpdatedAt: entry.at,
      refetch: () => entry.fetch(true).then(() => ({data: entry.data})),
    };
  }
}

export function useQuery<T>(reading: Reading<T>): Query<T> {
  const [, redraw] = useReducer((drawn: number) => drawn + 1, 0);
  const kept = useRef<Place | null>(null);
  const place = (kept.current ??= new Place(reading as Reading<unknown>, redraw));
  const entry = entryOf(reading);
  const {enabled = true, refetchInterval: pause = false} = reading;
  place.reading = reading as Reading<unknown>;
  // Before it is painted, so that nothing is missed, and nothing asked for later than it could be.
  useLayoutEffect(() => place.join(entry), [entry]);
  useLayoutEffect(() => {
    if (place.reading.enabled !== false && entry.stale(place.reading)) void entry.fetch();
    place.ready = enabled;
  }, [entry, enabled]);
  const every = enabled && (typeof pause === 'function' ? pause(entry.data as T | undefined, entry.times) : pause);
  useEffect(() => {
    if (!every) return undefined;
    const timer = setInterval(() => seen() && void entry.fetch(), every);
    return () => clearInterval(timer);
  }, [entry, every, entry.at]);
  return place.query(entry) as Query<T>;
}
