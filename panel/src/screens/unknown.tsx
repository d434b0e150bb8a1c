import {Head} from '../parts/head';
import {href} from '../route';
import {t} from '../words';

export function Unknown() {
  return (
    <>
      <Head title={t().unknown.title} />
      <p>
        <a href={href([])}>{t().places.overview}</a>
      </p>
    </>
  );
}
