// What was done in this session, with the way back of each: it stays until the session ends or it cannot be undone.
import {signal} from '@preact/signals';
import {changed, client, newKey, Problem, read, undoOf} from './api';
import {t} from './words';

export interface Change {
  number: number;
  at: Date;
  text: string;
  entry: string | null;
  link: string | null;
  state: 'done' | 'busy' | 'undone' | 'refused';
  refusal?: Problem;
}

export const changes = signal<Change[]>([]);

// What was done last, for the status line, which is also read aloud.
export const said = signal('');

let count = 0;

export function record(text: string, entry: string | null, link: string | null): void {
  count += 1;
  // Whatever was done to the same deletion before is undone by this, or followed by it.
  const earlier = changes.value.map((one): Change => (link && one.link === link && one.state === 'done' ? {...one, state: 'undone'} : one));
  const change: Change = {number: count, at: new Date(), text, entry, link, state: 'done'};
  changes.value = [change, ...earlier];
  said.value = text;
  changed();
}

function amend(number: number, amendment: Partial<Change>): void {
  changes.value = changes.value.map((change) => (change.number === number ? {...change, ...amendment} : change));
}

export async function undo(change: Change): Promise<void> {
  if (!change.entry || change.state === 'busy') return;
  amend(change.number, {state: 'busy'});
  try {
    const {data} = await read(
      client.POST('/v1/history/{entryId}/$undo', {
        params: {path: {entryId: change.entry}, header: {'Idempotency-Key': newKey()}},
      }),
    );
    amend(change.number, {state: 'undone'});
    record(t().recent.undone(change.text), 'groups' in data ? undoOf(data) : null, null);
  } catch (problem) {
    amend(change.number, {state: 'refused', refusal: problem as Problem});
    said.value = t().recent.refused((problem as Problem).message);
  }
}

export function forget(): void {
  changes.value = [];
  said.value = '';
}
