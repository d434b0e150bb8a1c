// Requests take turns, so that a browser, which opens six connections to a host, always has one left for what is
// clicked meanwhile, and a panel that reads much leaves the service's threads to others.
const most = 4;
const waiting: (() => void)[] = [];
let running = 0;

export async function inTurn<T>(work: () => Promise<T>): Promise<T> {
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
