// What was done in this session, with the way back of each: it stays until the session ends or it cannot be undone.
// The tab's storage keeps it over a reload: of what kind it was, how many rows, and the way back; nothing of the rows.
import {effect, signal} from './signal';
import {cache, changed, client, newKey, type Operation, Problem, read, type Schemas, undoOf} from './api';
import {insist} from './parts/act';
import {credential} from './session';
import {t} from './words';

export type What = keyof ReturnType<typeof t>['timeline']['actions'] | 'undone';

export interface Change {
  number: number;
  at: Date;
  // With names, as long as the page is not loaded anew.
  text: string | null;
  what: What;
  count: number;
  entry: string | null;
  link: string | null;
  state: 'done' | 'busy' | 'undone' | 'refused';
  // Who did it has not the rights to undo it.
  barred?: boolean;
  refusal?: Problem;
}

export const changes = signal<Change[]>([]);

// What was done last, for the status line, which is also read aloud.
export const said = signal('');

// What was said last where it is of something that did not happen.
export const alarm = signal('');

let count = 0;

export function textOf({text, what, count: rows}: Change): string {
  if (text !== null) return text;
  const name = what === 'undone' ? t().recent.wasUndone : t().timeline.actions[what];
  return rows ? `${name}: ${t().overview.size(rows)}` : name;
}

export function record(text: string, [what, rows]: [What, number], entry: string | null, link: string | null, barred = false): void {
  count += 1;
  // Whatever was done to the same deletion before is undone by this, or followed by it.
  const earlier = changes.value.map((one): Change => (link && one.link === link && one.state === 'done' ? {...one, state: 'undone'} : one));
  const change: Change = {number: count, at: new Date(), text, what, count: rows, entry, link, state: 'done', barred};
  changes.value = [change, ...earlier];
  said.value = text;
  changed();
}

interface Begun {
  id: string;
  done: (result: unknown) => void;
  failed: ((problem: Problem) => void) | undefined;
}

// Operations that were begun here, to be told of when they have ended.
let begun: Begun[] = [];

export function begin<T>({id}: Operation, done: (result: T) => void, failed?: (problem: Problem) => void): void {
  begun.push({id, done: done as Begun['done'], failed});
  void cache.invalidate('operations');
}

export function recordDone(operations: Operation[]): void {
  const ended = new Map(operations.filter(({endedAt}) => endedAt).map((one) => [one.id, one]));
  const those = begun.filter(({id}) => ended.has(id));
  begun = begun.filter(({id}) => !ended.has(id));
  for (const {id, done, failed} of those) {
    const {state, result, error} = ended.get(id) as Operation;
    if (state === 'done') done(result);
    else failed?.(new Problem(error?.status ?? 0, error ?? {detail: t().operation.states[state]}));
  }
}

function amend(number: number, amendment: Partial<Change>): void {
  changes.value = changes.value.map((change) => (change.number === number ? {...change, ...amendment} : change));
}

export async function undo(change: Change): Promise<void> {
  if (!change.entry || change.state === 'busy') return;
  const {entry: entryId} = change;
  const undoOnce = async (key: string): Promise<void> => {
    const {data, response} = await read(client.POST('/v1/history/{entryId}/$undo', {params: {path: {entryId}, header: {'Idempotency-Key': key}}}));
    if (response.status === 202) {
      said.value = t().recent.undoing(textOf(change));
      begin(data as Operation, done, refused);
    } else done(data as Schemas['Undone']);
  };
  const done = (result: Schemas['Undone']): void => {
    amend(change.number, {state: 'undone'});
    record(t().recent.undone(textOf(change)), ['undone', change.count], undoOf(result), null);
  };
  const refused = (problem: Problem): void => {
    amend(change.number, {state: 'refused', refusal: problem});
    said.value = t().recent.refused(problem.message);
    alarm.value = said.value;
  };
  amend(change.number, {state: 'busy'});
  try {
    await insist(undoOnce, newKey(), (waits) => {
      if (waits) said.value = waits.code === 'unreachable' ? t().problem.unreachable : waits.message;
    });
  } catch (problem) {
    refused(problem as Problem);
  }
}

export function forget(): void {
  begun = [];
  changes.value = [];
  said.value = '';
}

const place = 'trashd.recent';
let owner: string | null = null;

type Kept = Omit<Change, 'at' | 'number' | 'text' | 'refusal'> & {at: string};

function kept(principal: string): Change[] {
  try {
    const found = JSON.parse(sessionStorage.getItem(place) ?? '') as {principal: string; list: Kept[]};
    if (found.principal !== principal) return [];
    return found.list.map((one, index) => ({...one, at: new Date(one.at), text: null, number: -index}));
  } catch {
    return [];
  }
}

// What another has done who signed in here before is not for who does now.
export function adopt(principal: string): void {
  if (owner === principal) return;
  const own = owner === null ? [...changes.value, ...kept(principal)] : [];
  owner = principal;
  changes.value = own;
}

effect(() => {
  const list = changes.value.map(({at, what, count: rows, entry, link, state, barred = false}): Kept => {
    return {at: at.toISOString(), what, count: rows, entry, link, barred, state: state === 'busy' ? 'done' : state};
  });
  if (owner === null) return;
  if (list.length) sessionStorage.setItem(place, JSON.stringify({principal: owner, list}));
  else sessionStorage.removeItem(place);
});

let signed = false;
effect(() => {
  const before = signed;
  signed = credential.value !== null;
  if (before && !signed) forget();
});
