// What a change takes, before it is made: how many of what kind, why and when they were deleted, and which they are.
import {client, href, keepPreviousData, Loaded, moment, titleOf, page, Text, t, useClasses, useQuery, value} from '../shared';
import type {TrashItem} from '../api';
import type {TrashFilter} from '../queries';

const most = 200;
const few = 8;
const named = 5;

type Count = [string, number];

export interface Meant {
  filter: TrashFilter;
  except: ReadonlyMap<string, TrashItem>;
}

interface Summary {
  kinds: Count[];
  // Null where there are too many to look at each.
  reasons: Count[] | null;
  span: string[];
  items: TrashItem[];
  whole: boolean;
}

function tally(list: string[]): Count[] {
  const counts = new Map<string, number>();
  for (const one of list) counts.set(one, (counts.get(one) ?? 0) + 1);
  return [...counts].sort((one, other) => other[1] - one[1]);
}

function summaryOf(items: TrashItem[]): Summary {
  const times = items.map(({createdAt}) => createdAt).sort();
  return {
    kinds: tally(items.map(({resource}) => resource)),
    reasons: tally(items.map(({reason}) => reason ?? '')),
    span: [times[0] ?? '', times.at(-1) ?? ''],
    items,
    whole: true,
  };
}

// All of them where they are few; else the newest, with numbers that the service counts.
async function summarize({filter, except}: Meant, signal: AbortSignal): Promise<Summary> {
  const turn = (sort: 'createdAt' | '-createdAt', limit: number) =>
    page(client.GET('/v1/trash', {params: {query: {...filter, root: true, sort, limit}}, signal}));
  const newest = await turn('-createdAt', most);
  const items = newest.rows.filter(({id}) => !except.has(id));
  if (!newest.next) return summaryOf(items);
  const [oldest, facets] = await Promise.all([
    turn('createdAt', 1),
    value(client.GET('/v1/trash/$facets', {params: {query: {...filter, root: true, by: 'resource'}}, signal})),
  ]);
  const out = new Map(tally([...except.values()].map(({resource}) => resource)));
  const kinds = (facets.resource ?? []).map((one): Count => [one.value, one.groups - (out.get(one.value) ?? 0)]);
  const span = [oldest.rows[0]?.createdAt ?? '', newest.rows[0]?.createdAt ?? ''];
  return {kinds: kinds.filter(([, count]) => count > 0), reasons: null, span, items, whole: false};
}

function Item({item}: {item: TrashItem}) {
  return (
    <li>
      <a href={href(['trash', item.id])} target="_blank" rel="noreferrer">
        <Text text={titleOf(item)} />
      </a>{' '}
      <span class="faint">
        {item.deletedObjectClass} · {moment(item.createdAt)}
        {item.reason && (
          <>
            {' '}
            · <Text text={item.reason} />
          </>
        )}
      </span>
    </li>
  );
}

function Sums({summary, count}: {summary: Summary; count: number}) {
  const classes = useClasses();
  const words = t().meant;
  const {kinds, reasons, span, items, whole} = summary;
  const [oldest = '', newest = ''] = span;
  return (
    <>
      <ul class="chips">
        {kinds.map(([kind, number]) => (
          <li class="chip" key={kind}>
            {classes(kind)} <b>{t().number(number)}</b>
          </li>
        ))}
      </ul>
      {reasons && reasons.length <= few && reasons.some(([reason]) => reason) && (
        <ul class="chips">
          <li>{words.reasons}</li>
          {reasons.map(([reason, number]) => (
            <li class="chip" key={reason}>
              {reason ? <Text text={reason} /> : words.none} <b>{t().number(number)}</b>
            </li>
          ))}
        </ul>
      )}
      {oldest && <p>{words.span(moment(oldest), moment(newest))}</p>}
      <p>
        {items.slice(0, named).map((item, place) => (
          <>
            {place > 0 && ', '}
            <Text text={titleOf(item)} />
          </>
        ))}{' '}
        {count > named && words.more(count - named)}
      </p>
      {count > named && (
        <details>
          <summary>{words.show(whole ? count : items.length, whole)}</summary>
          <ul>
            {items.map((item) => (
              <Item key={item.id} item={item} />
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function Asked({meant, count}: {meant: Meant; count: number}) {
  const query = useQuery({
    queryKey: ['meant', meant.filter, [...meant.except.keys()], count],
    queryFn: ({signal}) => summarize(meant, signal),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  });
  return <Loaded query={query}>{(summary) => <Sums summary={summary} count={count} />}</Loaded>;
}

// count: how many it is, as the dry run has it.
export function WhatGoes({meant, count}: {meant: Meant | TrashItem[]; count: number}) {
  if (count === 0) return null;
  return Array.isArray(meant) ? <Sums summary={summaryOf(meant)} count={count} /> : <Asked meant={meant} count={count} />;
}
