// One attempt to change something: sent under one key however often it has to be sent, so it happens once.
import {useState} from 'preact/hooks';
import {mayRetry, newKey, Problem} from '../api';

export interface Act {
  busy: boolean;
  waits: Problem | null;
  problem: Problem | null;
  run: (reason?: string) => Promise<void>;
  clear: () => void;
}

const pause = (seconds: number): Promise<void> => new Promise((done) => setTimeout(done, seconds * 1000));

export async function insist(
  work: (key: string) => Promise<void>,
  key: string,
  wait: (problem: Problem | null) => void,
): Promise<void> {
  for (;;) {
    try {
      await work(key);
      return;
    } catch (error) {
      if (!mayRetry(error)) throw error;
      wait(error);
      await pause(error.retryAfter);
      wait(null);
    }
  }
}

// once: the service knows requests of this kind by their key, so they may be sent again after a cut connection.
export function useAct(work: (key: string, reason?: string) => Promise<void>, once = true): Act {
  const [busy, setBusy] = useState(false);
  const [waits, setWaits] = useState<Problem | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const run = async (reason?: string): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setProblem(null);
    try {
      await (once ? insist((key) => work(key, reason), newKey(), setWaits) : work(newKey(), reason));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    } finally {
      setBusy(false);
      setWaits(null);
    }
  };
  return {busy, waits, problem, run, clear: () => setProblem(null)};
}
