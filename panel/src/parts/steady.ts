// Keeps a list where it is while others change what it shows: what has left it stays in its place, what is new is
// counted and waits until it is asked for.
import {useQuery} from '../cache';
import {useRef, useState} from 'preact/hooks';
import {client, page, type Page, type TrashItem} from '../api';
import type {TrashFilter} from '../queries';

interface Read {
  data: Page<TrashItem> | undefined;
  dataUpdatedAt: number;
  isFetching: boolean;
  isPlaceholderData: boolean;
}

interface Kept {
  name: string;
  at: number;
  rows: TrashItem[];
  gone: ReadonlySet<string>;
}

// What slid in at the end of the page is shown there, where it moves nothing.
function merge(kept: Kept, now: TrashItem[], at: number): Kept {
  const there = new Map(now.map((item) => [item.id, item]));
  const last = now.map(({id}) => kept.rows.some((one) => one.id === id)).lastIndexOf(true);
  const slid = last < 0 ? [] : now.slice(last + 1);
  const rows = [...kept.rows.map((item) => there.get(item.id) ?? item), ...slid];
  return {name: kept.name, at, rows, gone: new Set(rows.map(({id}) => id).filter((id) => !there.has(id)))};
}

// name: what is shown, so that a list of something else is taken as it is.
function useKept(list: Read, name: string): Kept | null {
  const kept = useRef<Kept | null>(null);
  const {data, dataUpdatedAt: at, isFetching, isPlaceholderData} = list;
  if (!data || isPlaceholderData) return kept.current?.name === name ? kept.current : null;
  const {rows} = data;
  if (kept.current?.name !== name) {
    // What is about to be read anew, as after a change on another screen, is not what is held on to.
    if (isFetching) return null;
    kept.current = {name, at, rows, gone: new Set()};
  } else if (kept.current.at !== at) {
    kept.current = kept.current.rows.length ? merge(kept.current, rows, at) : {name, at, rows, gone: new Set()};
  }
  return kept.current;
}

const watched = 50;
const pause = 15_000;

interface Newest {
  fresh: number;
  left: (item: TrashItem) => boolean;
  at: number;
}

// Deletions since the list was read, asked for while someone looks, and whether one that should be among the newest is
// there no more. A search in values is too dear to be repeated.
function useNewest(filter: TrashFilter, name: string, ready: boolean): Newest {
  const known = useRef<{name: string; newest: string} | null>(null);
  const probe = useQuery({
    queryKey: ['newest', name],
    queryFn: ({signal}) => page(client.GET('/v1/trash', {params: {query: {...filter, limit: watched, sort: '-createdAt'}}, signal})),
    enabled: ready && !filter.text,
    refetchInterval: pause,
    staleTime: pause,
    gcTime: 0,
  });
  const newest = probe.data?.rows ?? [];
  if (probe.data && known.current?.name !== name) known.current = {name, newest: newest[0]?.createdAt ?? ''};
  const since = known.current?.name === name ? known.current.newest : null;
  const ids = new Set(newest.map(({id}) => id));
  const oldest = newest.length < watched ? '' : (newest.at(-1)?.createdAt ?? '');
  return {
    fresh: since === null ? 0 : newest.filter(({createdAt}) => createdAt > since).length,
    left: ({id, createdAt}) => probe.data !== undefined && !ids.has(id) && createdAt > oldest,
    at: probe.dataUpdatedAt,
  };
}

export interface Steady {
  rows: TrashItem[];
  gone: ReadonlySet<string>;
  fresh: number;
  most: boolean;
  // Lets go of what was kept, for a list that is read anew.
  release: () => void;
}

export function useSteady(list: Read, filter: TrashFilter, turn: unknown): Steady {
  const [turns, setTurns] = useState(0);
  const kept = useKept(list, JSON.stringify([filter, turn, turns]));
  const {fresh, left, at} = useNewest(filter, JSON.stringify([filter, turns]), list.data !== undefined);
  const gone = new Set(kept?.gone);
  if (kept && at > kept.at) kept.rows.filter(left).forEach(({id}) => gone.add(id));
  return {
    rows: kept?.rows ?? list.data?.rows ?? [],
    gone,
    fresh,
    most: fresh >= watched,
    release: () => setTurns(turns + 1),
  };
}
