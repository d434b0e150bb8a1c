// What the screens read, under names by which the cache knows it.
import {keepPreviousData, type Reading, useQuery} from './cache';
import {cache, client, page, type Page, read, type Row, type Schemas, type TrashItem, value} from './api';
import {getItem, getMe, getTrash, type TrashFilter, type Turn} from './first';

export type Me = Schemas['CurrentPrincipal'];
export type Right = 'read' | 'write' | 'trash' | 'view-trash' | 'restore' | 'purge' | 'hold' | 'erase' | 'admin';

export const askMe: Reading<Me> = {
  queryKey: ['me'],
  queryFn: ({signal}) => value(getMe(signal)),
  staleTime: 60_000,
};

export const useMe = () => useQuery(askMe);

export function may(me: Me | undefined, right: Right, resource?: string): boolean {
  if (!me) return false;
  const everywhere = me.rights['*']?.[right];
  if (everywhere) return true;
  if (resource) return Boolean(me.rights[resource]?.[right]);
  return Object.values(me.rights).some((rights) => rights[right]);
}

// Who may see own rows of the trash alone.
export function seesOwn(me: Me): boolean {
  return !Object.values(me.rights).some((rights) => rights['view-trash'] === 'all');
}

// Nobody has to say who he is here, so whoever reaches the address may do anything.
export function isOpen(me: Me): boolean {
  return me.kind === 'anonymous' && me.rights['*']?.admin === 'all';
}

export function useResources() {
  return useQuery({
    queryKey: ['resources'],
    queryFn: ({signal}) => value(client.GET('/v1', {signal})),
    staleTime: 60_000,
  });
}

// How a resource is called: by its class, by its path until that is known.
export function useClasses(): (resource: string | null) => string {
  const {data} = useResources();
  return (resource) => data?.find((one) => one.resource === resource)?.class ?? resource ?? '';
}

export type {TrashFilter, TrashSort, Turn} from './first';

function trashReading(filter: TrashFilter, turn: Turn): Reading<Page<TrashItem>> {
  return {
    queryKey: ['trash', filter, turn],
    queryFn: ({signal}) => page(getTrash(filter, turn, signal)),
  };
}

export function useTrash(filter: TrashFilter, turn: Turn) {
  return useQuery({...trashReading(filter, turn), placeholderData: keepPreviousData});
}

// What the first screen shows is asked for beside who asks, not behind that: on a slow line it is there a round trip
// sooner. Where it may not be seen it is refused, as the screen is then.
export const readTrash = (filter: TrashFilter, turn: Turn) => cache.prefetch(trashReading(filter, turn));

export function useFacets(filter: TrashFilter, enabled = true) {
  return useQuery({
    queryKey: ['facets', filter],
    queryFn: ({signal}) =>
      value(client.GET('/v1/trash/$facets', {params: {query: {...filter, by: 'resource,deletedBy'}}, signal})),
    placeholderData: keepPreviousData,
    enabled,
  });
}

function itemReading(trashItemId: string): Reading<TrashItem> {
  return {
    queryKey: ['item', trashItemId],
    queryFn: ({signal}) => value(getItem(trashItemId, signal)),
    staleTime: 1_000,
  };
}

export function useItem(trashItemId: string) {
  return useQuery({...itemReading(trashItemId), enabled: trashItemId !== ''});
}

export const readItem = (trashItemId: string) => cache.prefetch(itemReading(trashItemId));

export function useMetadata(resource: string, enabled = true) {
  return useQuery({
    queryKey: ['metadata', resource],
    queryFn: ({signal}) => value(client.GET('/v1/{resource}/$metadata', {params: {path: {resource}}, signal})),
    staleTime: 60_000,
    enabled: enabled && resource !== '',
  });
}

export function useHistory(query: {limit: number; cursor?: string; groupId?: string}, enabled = true) {
  return useQuery({
    queryKey: ['history', query],
    queryFn: ({signal}) => page(client.GET('/v1/history', {params: {query}, signal})),
    placeholderData: keepPreviousData,
    enabled,
  });
}

export function useStatistics(enabled: boolean) {
  return useQuery({
    queryKey: ['statistics'],
    queryFn: ({signal}) => value(client.GET('/v1/trash/$stats', {signal})),
    enabled,
  });
}

const pauses = [1_000, 2_000, 5_000, 15_000];

// Asked less and less often, and not at all while nobody looks.
export function useOperation(operationId: string) {
  return useQuery({
    queryKey: ['operation', operationId],
    queryFn: ({signal}) => value(client.GET('/v1/operations/{operationId}', {params: {path: {operationId}}, signal})),
    staleTime: 0,
    refetchInterval: (data, times) =>
      data && ['done', 'failed', 'cancelled'].includes(data.state) ? false : (pauses[Math.min(times, pauses.length - 1)] ?? 1_000),
  });
}

export function useOperations(enabled = true) {
  return useQuery({
    queryKey: ['operations'],
    queryFn: ({signal}) => page(client.GET('/v1/operations', {params: {query: {limit: 50}}, signal})),
    refetchInterval: (data) => (data?.rows.some((one) => one.endedAt === null) ? 2_000 : false),
    enabled,
  });
}

export interface Live {
  row: Row;
  references: Schemas['RowReferences'];
  etag: string | null;
}

// What a row refers to comes behind its columns, with a $ in front where one is called so.
function splitRow(whole: Row): Pick<Live, 'row' | 'references'> {
  const name = Object.keys(whole).filter((one) => /^\$*references$/.test(one)).at(-1) ?? '';
  const {[name]: references, ...row} = whole;
  return {row, references: (references ?? {}) as Live['references']};
}

export function useObject(resource: string, id: string, enabled = true) {
  return useQuery({
    queryKey: ['live', resource, id],
    queryFn: async ({signal}): Promise<Live> => {
      const {data, response} = await read(
        client.GET('/v1/{resource}/{id}', {params: {path: {resource, id}, query: {expand: 'references'}}, signal}),
      );
      return {...splitRow(data), etag: response.headers.get('ETag')};
    },
    enabled,
  });
}

export interface RowsQuery {
  deleted: 'false' | 'true' | 'null';
  where?: Record<string, unknown>;
  sort?: string | undefined;
  limit: number;
  cursor?: string | undefined;
}

export function useRows(resource: string, query: RowsQuery) {
  return useQuery({
    queryKey: ['rows', resource, query],
    queryFn: ({signal}) =>
      page(client.GET('/v1/{resource}', {params: {path: {resource}, query: {...query, count: true}}, signal})),
    placeholderData: keepPreviousData,
  });
}

// How many there are, live or in the trash, that meet the same conditions.
export function useCount(resource: string, {where, deleted}: Pick<RowsQuery, 'where' | 'deleted'>, enabled: boolean): number | null {
  const {data} = useQuery({
    queryKey: ['rows', resource, 'count', where, deleted],
    queryFn: ({signal}) => page(client.GET('/v1/{resource}', {params: {path: {resource}, query: {where, deleted, limit: 1, count: true} as RowsQuery}, signal})),
    enabled,
  });
  return data?.total ?? null;
}

export function useObjectHistory(resource: string, id: string, enabled: boolean) {
  return useQuery({
    queryKey: ['object-history', resource, id],
    queryFn: ({signal}) =>
      page(client.GET('/v1/{resource}/{id}/@history', {params: {path: {resource, id}, query: {limit: 50}}, signal})),
    enabled,
  });
}
