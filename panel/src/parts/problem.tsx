// What went wrong: what did not happen, why, and what can be done.
import {useEffect, useState} from 'preact/hooks';
import {mayRetry, Problem} from '../api';
import {t} from '../words';
import {Copy} from './copy';
import {Icon} from './icon';

export function Countdown({error}: {error: unknown}) {
  const seconds = mayRetry(error) ? error.retryAfter : 0;
  const [left, setLeft] = useState(seconds);
  useEffect(() => {
    setLeft(seconds);
    const timer = setInterval(() => setLeft((now) => Math.max(0, now - 1)), 1000);
    return () => clearInterval(timer);
  }, [error, seconds]);
  const unreachable = error instanceof Problem && error.code === 'unreachable';
  return (
    <p class="note waiting" role="status">
      <Icon name="warning" />
      <span>{unreachable ? t().problem.unreachable : (error as Problem).message}</span>{' '}
      <span aria-hidden="true">{t().problem.again(left)}</span>
    </p>
  );
}

function Missing({problem}: {problem: Problem}) {
  const {missing} = problem.body;
  if (!missing?.length) return null;
  return (
    <>
      <p>{t().problem.missing}</p>
      <ul>
        {missing.map(({right, resource}) => (
          <li>
            <strong>{t().rights[right]}</strong>
            {resource && resource !== '*' ? `: ${resource}` : ''}
          </li>
        ))}
      </ul>
      <Copy text={location.href} label={t().copy.address} />
    </>
  );
}

export function ProblemNote({error, retry}: {error: unknown; retry?: (() => void) | undefined}) {
  const problem = error instanceof Problem ? error : new Problem(0, {detail: String(error)});
  const {requestId} = problem.body;
  return (
    <div class="note bad" role="alert">
      <Icon name="warning" />
      <div>
        <p>
          <strong>{problem.code === 'unreachable' ? t().problem.unreachable : problem.message}</strong>
        </p>
        <Missing problem={problem} />
        <p class="row">
          {retry && (
            <button type="button" onClick={retry}>
              {t().problem.retry}
            </button>
          )}
          {requestId && (
            <span class="faint">
              {t().problem.request} <code>{requestId}</code> <Copy text={requestId} label={t().copy.copy} />
            </span>
          )}
        </p>
      </div>
    </div>
  );
}
