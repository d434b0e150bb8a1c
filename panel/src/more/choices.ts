// What is to be done about each conflict of a restore, as it is chosen, as it is sent, and who may choose it.
import type {Conflict, Schemas} from '../api';
import type {Me, Right} from '../queries';
import {cache, may, useState} from '../shared';

export type Choice = Schemas['Choice'];
export type Body = Schemas['RestoreChoices'];

export interface Answered {
  conflict: Conflict;
  choice: Choice | null;
  values: Record<string, string>;
  // The values that were chosen last are taken, too.
  again?: boolean;
}

export function nameOf(conflict: Conflict): string {
  return [conflict.kind, conflict.resource, conflict.id ?? '', conflict.constraint ?? '', conflict.columns.join()].join('\n');
}

export function answered({choice, values}: Answered): boolean {
  return choice !== null && (choice !== 'set' || Object.keys(values).length > 0);
}

// Those that were known keep their answers, unless these did not help; those that a choice has brought up are added;
// those that were open and have been solved by what was chosen for others are gone.
export function learn(known: Answered[], found: Conflict[]): Answered[] {
  const names = new Map(found.map((conflict) => [nameOf(conflict), conflict]));
  const kept = known
    .filter((one) => answered(one) || names.has(nameOf(one.conflict)))
    .map((one) => (answered(one) && names.has(nameOf(one.conflict)) ? {...one, choice: one.choice === 'set' ? one.choice : null, values: {}, again: true} : one));
  const before = new Set(known.map(({conflict}) => nameOf(conflict)));
  const fresh = found.filter((conflict) => !before.has(nameOf(conflict)));
  return [...kept, ...fresh.map((conflict) => ({conflict, choice: null, values: {}}))];
}

function resolution({conflict, choice}: Answered): NonNullable<Body['resolve']>[number] {
  return {
    resource: conflict.resource,
    ...(conflict.id !== undefined && {id: conflict.id}),
    ...(conflict.constraint !== undefined && {constraint: conflict.constraint}),
    choice: choice ?? 'fail',
  };
}

// What may be chosen for several conflicts at once: another value is for one row alone.
export function shared(list: Answered[]): Choice[] {
  const [first, ...others] = list.map(({conflict}) => conflict.choices);
  return first?.filter((one) => one !== 'set' && others.every((choices) => choices.includes(one))) ?? [];
}

// Conflicts that have one cause: the same parent is missing.
export function causes(list: Answered[]): Answered[][] {
  const found = new Map<string, Answered[]>();
  for (const one of list) {
    const {kind, trashItem, with: other, constraint, values} = one.conflict;
    const parent = trashItem ?? (other ? `${other.resource} ${other.id}` : `${constraint} ${values.join()}`);
    const cause = kind === 'missing-parent' ? parent : nameOf(one.conflict);
    found.set(cause, [...(found.get(cause) ?? []), one]);
  }
  return [...found.values()];
}

export interface Missing {
  right: Right;
  resource: string;
}

// The right that the choice takes and that who asks has not.
export function missing(choice: Choice, {resource, with: other}: Conflict, me: Me | undefined): Missing | null {
  const all = me?.rights['*']?.write ?? me?.rights[resource]?.write;
  if (choice === 'set' && all !== 'all') return {right: 'write', resource};
  const right = choice === 'swap' ? 'trash' : choice === 'ancestors' ? 'restore' : null;
  return right && other && !may(me, right, other.resource) ? {right, resource: other.resource} : null;
}

// What is missing for conflicts about which nothing can be chosen.
export function barred(known: Answered[], me: Me | undefined): Missing[] {
  const found = new Map<string, Missing>();
  for (const {conflict} of known) {
    const lacks = conflict.choices.map((one) => missing(one, conflict, me));
    if (lacks.includes(null)) continue;
    for (const one of lacks) if (one) found.set(`${one.right} ${one.resource}`, one);
  }
  return [...found.values()];
}

export function bodyOf(known: Answered[], copy: boolean, only: string[]): Body {
  const chosen = known.filter(answered);
  // A row that several conflicts give other values has them all at once.
  const set = new Map<string, NonNullable<Body['set']>[number]>();
  for (const {conflict, choice, values} of chosen) {
    if (choice !== 'set') continue;
    const {resource, id} = conflict;
    const row = `${resource} ${id}`;
    set.set(row, {resource, ...(id !== undefined && {id}), values: {...set.get(row)?.values, ...values}});
  }
  return {
    ...(chosen.length && {resolve: chosen.map(resolution)}),
    ...(set.size && {set: [...set.values()]}),
    ...(copy && {copy}),
    ...(only.length && {only}),
  };
}

interface Decisions {
  copying: boolean;
  plain: Answered[];
  copy: Answered[];
}

const nothing: Decisions = {copying: false, plain: [], copy: []};

export interface Decided {
  known: Answered[];
  copying: boolean;
  learn: (change: (known: Answered[]) => Answered[]) => void;
  setCopying: (on: boolean) => void;
  forget: () => void;
}

// What was decided about a deletion stays while one looks at something else, in memory alone.
export function useDecisions(name: string): Decided {
  const read = (): Decisions => (cache.notes.get(name) as Decisions | undefined) ?? nothing;
  const [, setTurn] = useState(0);
  const write = (change: Partial<Decisions>): void => {
    cache.notes.set(name, {...read(), ...change});
    setTurn((turn) => turn + 1);
  };
  const now = read();
  const list = now.copying ? 'copy' : 'plain';
  return {
    known: now[list],
    copying: now.copying,
    learn: (change) => write({[list]: change(read()[list])}),
    setCopying: (copying) => write({copying}),
    forget: () => cache.notes.delete(name),
  };
}
