// A deletion that another has restored or purged meanwhile: no error, but what became of it.
import {useQuery} from '../cache';
import {client, page, type Problem, type Schemas} from '../api';
import {useClasses} from '../queries';
import {href} from '../route';
import {t} from '../words';
import {ChangeList} from './menus';
import {changes} from '../recent';
import {listing} from '../selection';
import {Icon} from './icon';
import {useDrawn} from './loaded';
import {Person} from './person';
import {Time} from './time';

type Entry = Schemas['HistoryEntry'];

// The ledger has an entry of that very moment, which says what came back.
function useEnd(id: string, at: string | undefined) {
  return useQuery({
    queryKey: ['end', id],
    queryFn: async ({signal}) => {
      const to = new Date(Date.parse(at ?? '') + 1000).toISOString();
      const {rows} = await page(client.GET('/v1/history', {params: {query: {from: at ?? '', to, limit: 50}}, signal}));
      return rows.find((entry) => entry.trashItemId === id) ?? null;
    },
    enabled: at !== undefined,
  });
}

function Back({entry}: {entry: Entry}) {
  const classes = useClasses();
  if (entry.action !== 'restored') return null;
  return (
    <p>
      <a class="button main" href={href(['rows', entry.resource, entry.objectId])}>
        {t().ended.open(classes(entry.resource))}
      </a>
    </p>
  );
}

// Those of a list that have ended meanwhile, each with the entry that says how.
export function useEnds(ids: ReadonlySet<string>): Map<string | null, Entry> {
  const {data} = useQuery({
    queryKey: ['ends', [...ids]],
    queryFn: ({signal}) => page(client.GET('/v1/history', {params: {query: {limit: 200}}, signal})),
    enabled: ids.size > 0,
    staleTime: Infinity,
  });
  const ends = data?.rows.filter(({action}) => action === 'restored' || action === 'purged') ?? [];
  return new Map(ends.reverse().map((entry) => [entry.trashItemId, entry]));
}

export function End({entry}: {entry: Entry | undefined}) {
  if (!entry) return <>{t().ended.left}</>;
  return (
    <>
      {t().ended.by(entry.action)} <Person id={entry.by} name={entry.byName} />, <Time at={entry.at} />
    </>
  );
}

export function Ended({id, problem}: {id: string; problem: Problem}) {
  const {outcome, at, by, byName} = problem.body;
  const entry = useEnd(id, at);
  useDrawn(true);
  const mine = changes.value.filter((change) => change.link?.includes(id));
  return (
    <div class="card">
      <p class="row">
        <Icon name={outcome === 'restored' ? 'good' : 'trash'} />
        <span>
          {t().ended.by(outcome)} <Person id={by ?? ''} name={byName} /> {at && <Time at={at} />}
        </span>
      </p>
      {entry.data && <p class="faint">{t().ended.counts(entry.data.counts.reduce((sum, one) => sum + one.count, 0), entry.data.counts.length)}</p>}
      {entry.data && <Back entry={entry.data} />}
      {mine.length > 0 && <ChangeList list={mine} />}
      <p>
        <a href={listing()}>{t().ended.list}</a>
      </p>
    </div>
  );
}
