// Until when a deletion is kept, set by hand.
import type {TrashItem} from '../api';
import {client, go, Head, HeldNote, href, Loaded, read, route, t, useItem} from '../shared';
import {Decision, tell, useDay} from './decision';

function Form({item}: {item: TrashItem}) {
  const {end: expiresAt, field} = useDay(t().keep.day, item.expiresAt);
  const back = ['trash', item.id];
  const work = async (key: string, reason?: string): Promise<void> => {
    const params = {path: {trashItemId: item.id}, query: {reason}};
    await read(client.PATCH('/v1/trash/{trashItemId}', {params, body: {expiresAt}, headers: {'Idempotency-Key': key}}));
    tell('expiry-set', item.displayName);
    go(back);
  };
  return (
    <>
      {item.group && <HeldNote list={item.group.holds} within={item.groupId} />}
      <Decision label={t().keep.button} cancel={href(back)} needed={false} work={work}>
        {field}
      </Decision>
    </>
  );
}

export function Keep() {
  const query = useItem(route.value.path[1] ?? '');
  return (
    <>
      <Head title={query.data ? t().keep.title(query.data.displayName) : t().group.kept} />
      <Loaded query={query}>{(item) => <Form item={item} />}</Loaded>
    </>
  );
}
