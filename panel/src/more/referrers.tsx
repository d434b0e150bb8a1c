// Deletions that stay in the trash, and could not come back as they were when others go.
import type {Schemas} from '../api';
import {client, href, Icon, type Reading, t, Text, useQuery, value} from '../shared';

// What asks for them to go along.
export const descendants = {with: 'descendants'} as const;

// What a purge of one would take, and who refers to it; along: with those that could never come back without it.
export function foreseen(trashItemId: string, along = false): Reading<Schemas['PurgeCounts']> {
  return {
    queryKey: ['purge', trashItemId, along],
    queryFn: ({signal}) =>
      value(client.DELETE('/v1/trash/{trashItemId}', {params: {path: {trashItemId}, query: {dryRun: true, ...(along && descendants)}}, signal})) as Promise<Schemas['PurgeCounts']>,
    staleTime: 0,
    gcTime: 0,
  };
}

// most: there are more than the number says, which is of those that are known.
export function Referrers({groups, partial, first, most = false}: Schemas['Referrers'] & {most?: boolean}) {
  const words = t().purge;
  return (
    <div class="note">
      <Icon name="warning" />
      <div>
        {partial ? words.slow : `${most ? '≥ ' : ''}${words.referrers(groups)}`}
        <ul>
          {first.map(({trashItemId, displayName, items}) => (
            <li key={trashItemId}>
              <a href={href(['trash', trashItemId])}>
                <Text text={displayName} />
              </a>{' '}
              <span class="faint">{t().overview.size(items)}</span>
            </li>
          ))}
        </ul>
        {groups > first.length && t().meant.more(groups - first.length)}
      </div>
    </div>
  );
}

// Each is looked for by itself, which takes up to two seconds, so it is done for a few.
const few = 10;

// Of several that go together: those that refer to one of them and do not go as well.
export function ReferrersOf({ids}: {ids: string[] | null}) {
  const asked = ids !== null && ids.length <= few;
  const {data} = useQuery({
    queryKey: ['referrers', ids],
    queryFn: async ({signal}) => {
      const found = await Promise.all((ids ?? []).map((id) => foreseen(id).queryFn({signal})));
      const all = found.flatMap(({referrers}) => referrers ?? []);
      const first = new Map(all.flatMap((one) => one.first).map((one) => [one.trashItemId, one]));
      ids?.forEach((id) => first.delete(id));
      return {
        groups: first.size,
        first: [...first.values()].slice(0, 20),
        partial: all.some(({partial}) => partial),
        most: all.some((one) => one.groups > one.first.length),
      };
    },
    enabled: asked,
    staleTime: 0,
    gcTime: 0,
  });
  if (!asked) return <p class="faint">{t().purge.unlooked(few)}</p>;
  return data && (data.groups || data.partial) ? <Referrers {...data} /> : null;
}
