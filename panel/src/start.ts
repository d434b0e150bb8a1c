// What is there before the rest of the panel: it asks for what the first screen shows, and makes what takes long to
// make, while the rest is still on its way. On a slow line that is a round trip less.
import {ahead} from './client';
import {getItem, getMe, getTrash, latest, turnOf} from './first';
import {warm} from './formats';
import {route} from './route';
import {settings, spoken} from './settings';
import {trashQuery} from './trash-query';
import {hold} from './turns';

export * from './client';
export * from './first';
export * from './formats';
export * from './route';
export * from './session';
export * from './settings';
export * from './signal';
export * from './trash-query';
export * from './turns';
export * from './words';

const [section, id, more] = route.value.path;
const asked: Promise<unknown>[] = [spoken, ahead(getMe)];
if (!section) asked.push(ahead(() => getTrash(...latest)));
else if (section === 'trash' && !id) {
  const query = trashQuery();
  asked.push(ahead(() => getTrash(query.filter, turnOf(query))));
} else if (section === 'trash' && id && !more) asked.push(ahead(() => getItem(id)));
if (asked.length > 2) hold(asked);
warm(settings.value.language);
