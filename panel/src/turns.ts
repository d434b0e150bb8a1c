// Requests take turns, so that a browser, which opens six connections to a host, always has one left for what is
// clicked meanwhile, and a panel that reads much leaves the service's threads to others.
const most = 4;
const waiting: (() => void)[] = [];
let running = 0;

let begun: Promise<void> | null = null;

// Called when the first screen shows what it was opened for, or why it cannot.
export let drawn: () => void;
const shown = new Promise<void>((done) => (drawn = done));

const frame = (): Promise<unknown> => new Promise(requestAnimationFrame);
const pause = (): Promise<void> => new Promise((done) => setTimeout(done, 2_000));

// What is not needed for the first screen waits until what it needs has come and been painted, so that it takes nothing
// from it. Who goes on to another screen meanwhile has no first screen to wait for, and where nobody looks nothing is
// painted.
export function hold(first: Promise<unknown>[]): void {
  const painted = shown.then(frame).then(frame);
  const late = Promise.allSettled(first).then(pause);
  const left = new Promise<void>((done) => addEventListener('hashchange', () => done(), {once: true}));
  begun = Promise.race([painted, late, left]).then(() => {
    begun = null;
  });
}

export async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (begun) await begun;
  if (running < most) running += 1;
  else await new Promise<void>((next) => waiting.push(next));
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}
