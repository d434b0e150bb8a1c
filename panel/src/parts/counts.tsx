// How many rows of which table: the same words before a change and after it.
import {useClasses} from '../queries';
import {t} from '../words';

interface Count {
  resource: string | null;
  count: number;
}

export function Counts({list}: {list: Count[]}) {
  const classes = useClasses();
  return (
    <table class="counts">
      <caption class="spoken">{t().counts.caption}</caption>
      <thead class="spoken">
        <tr>
          <th scope="col">{t().counts.rows}</th>
          <th scope="col">{t().counts.table}</th>
        </tr>
      </thead>
      <tbody>
        {list.map((one) => (
          <tr key={one.resource}>
            <td class="number">{t().number(one.count)}</td>
            <td>
              {one.resource === null ? t().counts.hidden : classes(one.resource)} <span class="faint">{one.resource}</span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
