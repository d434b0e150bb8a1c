import {ChangeList} from '../parts/menus';
import {Head} from '../parts/head';
import {changes} from '../recent';
import {t} from '../words';

export function Recent() {
  return (
    <>
      <Head title={t().recent.title} sub={t().recent.sub} />
      {changes.value.length ? <ChangeList list={changes.value} /> : <p class="empty">{t().recent.nothing}</p>}
    </>
  );
}
