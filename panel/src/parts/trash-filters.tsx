// The filters of the trash list, which live in the address.
import {useState} from 'preact/hooks';
import type {Schemas, TrashItem} from '../api';
import {useMe} from '../queries';
import {withQuery, type Query, route} from '../route';
import {type Span, spans, type TrashQuery} from '../trash-query';
import {t} from '../words';
import {Icon} from './icon';
import {personText} from './person';

// A filter begins on the first page.
export function filtered(changes: Query): string {
  return withQuery({cursor: undefined, page: undefined, ...changes});
}

function set(changes: Query): void {
  location.hash = filtered(changes);
}

const names = ['q', 'in', 'resource', 'by', 'reason', 'without', 'when', 'from', 'to', 'group', 'expires'];

export const noFilters: Query = Object.fromEntries(names.map((name) => [name, undefined]));

function Search() {
  const {query} = route.value;
  const words = t().filters;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    set({q: String(data.get('q')), in: data.get('in') === 'values' ? 'values' : undefined});
  };
  return (
    <form class="joined" onSubmit={submit} key={`${query.get('q')} ${query.get('in')}`}>
      <input name="q" type="search" aria-label={words.search} placeholder={words.search} defaultValue={query.get('q') ?? ''} />
      <select name="in" aria-label={words.where} defaultValue={query.get('in') ?? 'names'} onChange={(event) => event.currentTarget.form?.requestSubmit()}>
        <option value="names">{words.names}</option>
        <option value="values" selected={query.get('in') === 'values'}>
          {words.values}
        </option>
      </select>
      <button type="submit">{words.find}</button>
    </form>
  );
}

function When({span}: {span: Span | ''}) {
  const words = t().filters;
  const {query} = route.value;
  const date = (name: 'from' | 'to') => (
    <label>
      {words[name]}{' '}
      <input type="date" value={query.get(name) ?? ''} onChange={(event) => set({[name]: event.currentTarget.value})} />
    </label>
  );
  return (
    <>
      <label>
        {words.when}{' '}
        <select value={span} onChange={(event) => set({when: event.currentTarget.value, from: undefined, to: undefined})}>
          <option value="">{words.anyTime}</option>
          {spans.map((one) => (
            <option key={one} value={one}>
              {words.spans[one]}
            </option>
          ))}
        </select>
      </label>
      {span === 'dates' && date('from')}
      {span === 'dates' && date('to')}
    </>
  );
}

const due = [0, 7, 30] as const;

function Expires() {
  const words = t().filters;
  return (
    <label>
      {t().group.expires}{' '}
      <select value={route.value.query.get('expires') ?? ''} onChange={(event) => set({expires: event.currentTarget.value})}>
        <option value="">{words.anyTime}</option>
        {due.map((days) => (
          <option key={days} value={String(days)}>
            {words.due(days)}
          </option>
        ))}
      </select>
    </label>
  );
}

function By({facets}: {facets: Schemas['Facets'] | undefined}) {
  const chosen = route.value.query.get('by') ?? '';
  const people = (facets?.deletedBy ?? []).map(({value, name}) => ({id: value, name}));
  const all = chosen && !people.some(({id}) => id === chosen) ? [{id: chosen}, ...people] : people;
  return (
    <label>
      {t().filters.by}{' '}
      <select value={chosen} onChange={(event) => set({by: event.currentTarget.value})}>
        <option value="">{t().filters.anyone}</option>
        {all.map((one) => (
          <option key={one.id} value={one.id}>
            {personText(one)}
          </option>
        ))}
      </select>
    </label>
  );
}

// The reason that was given, or any but that; those of the rows that are shown are offered.
function Reason({reasons}: {reasons: string[]}) {
  const {query} = route.value;
  const words = t().filters;
  const without = query.get('without');
  const [not, setNot] = useState(Boolean(without));
  const text = without ?? query.get('reason') ?? '';
  const change = (value: string, other: boolean): void => {
    setNot(other);
    if (value || text) set({reason: other ? undefined : value, without: other ? value : undefined});
  };
  return (
    <label>
      {t().trash.reason}{' '}
      <span class="joined">
        <select aria-label={words.reasonHow} value={String(not)} onChange={(event) => change(text, event.currentTarget.value === 'true')}>
          <option value="false">{words.is}</option>
          <option value="true">{words.isNot}</option>
        </select>
        <input aria-label={t().trash.reason} list="reasons" placeholder={words.anyReason} value={text} onChange={(event) => change(event.currentTarget.value, not)} />
      </span>
      <datalist id="reasons">
        {reasons.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
    </label>
  );
}

function Mine() {
  const me = useMe().data;
  if (!me || me.kind === 'anonymous') return null;
  const on = route.value.query.get('by') === me.principal;
  return (
    <a class="button" aria-current={on} href={filtered({by: on ? undefined : me.principal})}>
      {t().filters.mine}
    </a>
  );
}

interface Shown {
  query: TrashQuery;
  facets: Schemas['Facets'] | undefined;
  rows: TrashItem[];
}

export function TrashFilters({query, facets, rows}: Shown) {
  return (
    <div class="filters">
      <Search />
      <Mine />
      <By facets={facets} />
      <When span={query.span} />
      {(query.filter.expiresBefore || rows.some(({expiresAt}) => expiresAt)) && <Expires />}
      <Reason key={`${route.value.query}`} reasons={[...new Set(rows.map(({reason}) => reason ?? ''))].filter(Boolean)} />
      {query.count > 0 && (
        <a class="button quiet" href={filtered(noFilters)}>
          <Icon name="close" />
          {t().filters.clear(query.count)}
        </a>
      )}
    </div>
  );
}

// What there is of each kind: a click narrows the list to it, another one takes that back.
export function FacetChips(props: {facets: Schemas['Facets'] | undefined; rows: boolean; name: (value: string) => string}) {
  const chosen = route.value.query.getAll('resource');
  const list = props.facets?.resource ?? [];
  if (!list.length) return null;
  const others = (value: string): string[] =>
    chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value];
  return (
    <ul class="chips" aria-label={t().filters.what}>
      {list.slice(0, 12).map(({value, groups, items}) => (
        <li key={value}>
          <a class="chip" href={filtered({resource: others(value)})} aria-current={chosen.includes(value)} title={value}>
            {props.name(value)} <b>{t().number(props.rows ? items : groups)}</b>
          </a>
        </li>
      ))}
      {props.facets?.approximate && <li class="faint">{t().filters.about}</li>}
    </ul>
  );
}
