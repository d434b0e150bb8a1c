// Values that the screens follow: who reads one while it is drawn is drawn anew when it changes. Preact's own package
// does the same with much that is not needed here; like it, this hooks into how Preact draws, by its names for that.
import {type Component, options, type VNode} from 'preact';

interface Follower {
  forceUpdate: () => void;
}

interface Hooks {
  __r?: (node: Drawn) => void;
  diffed?: (node: Drawn) => void;
  unmount?: (node: Drawn) => void;
}

interface Drawn extends VNode {
  __c: Component;
}

let current: Follower | null = null;
const followed = new Map<Follower, Set<Set<Follower>>>();

const hooks = options as unknown as Hooks;

function before(name: keyof Hooks, run: (node: Drawn) => void): void {
  const others = hooks[name];
  hooks[name] = (node) => {
    run(node);
    others?.(node);
  };
}

before('__r', ({__c}) => {
  current = __c;
});
before('diffed', () => {
  current = null;
});
before('unmount', ({__c}) => {
  followed.get(__c)?.forEach((followers) => followers.delete(__c));
  followed.delete(__c);
});

export interface Signal<T> {
  value: T;
}

export function signal<T>(start: T): Signal<T> {
  let now = start;
  const followers = new Set<Follower>();
  return {
    get value() {
      if (current && !followers.has(current)) {
        followers.add(current);
        followed.set(current, (followed.get(current) ?? new Set()).add(followers));
      }
      return now;
    },
    set value(next) {
      if (next === now) return;
      now = next;
      [...followers].forEach((one) => one.forceUpdate());
    },
  };
}

// Runs at once, and again whenever what it read has changed.
export function effect(run: () => void): void {
  const follower = {
    forceUpdate: () => {
      const outer = current;
      current = follower;
      run();
      current = outer;
    },
  };
  follower.forceUpdate();
}
