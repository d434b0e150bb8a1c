// Values that the whole page follows: who has signed in, the address, the language, what is selected. When one changes
// the page is drawn anew from its top, and Preact finds out what is different.
type Follower = () => void;

const followers = new Set<Follower>();

export interface Signal<T> {
  value: T;
}

export function signal<T>(start: T): Signal<T> {
  let now = start;
  return {
    get value() {
      return now;
    },
    set value(next) {
      if (next === now) return;
      now = next;
      followers.forEach((one) => one());
    },
  };
}

// Runs at once, and after any of the values has changed.
export function effect(run: Follower): () => void {
  followers.add(run);
  run();
  return () => void followers.delete(run);
}
