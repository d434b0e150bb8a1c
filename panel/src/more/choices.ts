// What is to be done about each conflict of a restore, as it is chosen and as it is sent.
import type {Conflict, Schemas} from '../api';

export type Choice = Schemas['Choice'];
export type Body = Schemas['RestoreChoices'];

export interface Answered {
  conflict: Conflict;
  choice: Choice | null;
  values: Record<string, string>;
}

export function nameOf(conflict: Conflict): string {
  return [conflict.kind, conflict.resource, conflict.id ?? '', conflict.constraint ?? '', conflict.columns.join()].join('\n');
}

// Those that were known keep their answers; those that a choice has brought up are added.
export function learn(known: Answered[], found: Conflict[]): Answered[] {
  const names = new Set(known.map(({conflict}) => nameOf(conflict)));
  const fresh = found.filter((conflict) => !names.has(nameOf(conflict)));
  if (!fresh.length) return known;
  return [...known, ...fresh.map((conflict) => ({conflict, choice: null, values: {}}))];
}

export function answered({choice, values}: Answered): boolean {
  return choice !== null && (choice !== 'set' || Object.keys(values).length > 0);
}

function resolution({conflict, choice}: Answered): NonNullable<Body['resolve']>[number] {
  return {
    resource: conflict.resource,
    ...(conflict.id !== undefined && {id: conflict.id}),
    ...(conflict.constraint !== undefined && {constraint: conflict.constraint}),
    choice: choice ?? 'fail',
  };
}

// What may be chosen for all conflicts of a kind at once: another value is for one row alone.
export function shared(list: Answered[]): Choice[] {
  const [first, ...others] = list.map(({conflict}) => conflict.choices);
  return first?.filter((one) => one !== 'set' && others.every((choices) => choices.includes(one))) ?? [];
}

export function bodyOf(known: Answered[], copy: boolean, only: string[]): Body {
  const chosen = known.filter(answered);
  const set = chosen
    .filter(({choice}) => choice === 'set')
    .map(({conflict, values}) => ({
      resource: conflict.resource,
      ...(conflict.id !== undefined && {id: conflict.id}),
      values,
    }));
  return {
    ...(chosen.length && {resolve: chosen.map(resolution)}),
    ...(set.length && {set}),
    ...(copy && {copy}),
    ...(only.length && {only}),
  };
}
