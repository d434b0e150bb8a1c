// What went wrong: what did not happen, why, and what can be done.
import {useEffect, useState} from 'preact/hooks';
import {mayRetry, Problem} from '../api';
import {useClasses} from '../queries';
import {t} from '../words';
import {Copy} from './copy';
import {Holds} from './hold';
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

// Who lacks a right is told who has it, in the words of the page.
function useSentence(problem: Problem): string {
  const classes = useClasses();
  const words = t().problem;
  const {missing} = problem.body;
  if (missing?.length) return words.barred(missing.map(({right, resource}) => t().ability(right, classes(resource))));
  if (problem.code === 'unreachable') return words.unreachable;
  if (problem.code === 'held') return words.held;
  return problem.code === 'not-found' ? words.gone : problem.message;
}

export function ProblemNote({error, retry}: {error: unknown; retry?: (() => void) | undefined}) {
  const problem = error instanceof Problem ? error : new Problem(0, {detail: String(error)});
  const {requestId, missing, holds} = problem.body;
  return (
    <div class="note bad" role="alert">
      <Icon name="warning" />
      <div>
        <p class="sentence">{useSentence(problem)}</p>
        {holds && <Holds list={holds} />}
        <p class="row">
          {missing?.length ? <Copy text={location.href} label={t().copy.address} /> : null}
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
