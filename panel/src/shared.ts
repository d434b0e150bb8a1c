// What the start of the panel lends to more.js, which is fetched when a screen of it is first opened.
export {Fragment, h} from 'preact';
export {useEffect, useId, useState} from 'preact/hooks';
export {keepPreviousData, type Reading, useQuery} from './cache';
export {cache, changed, client, itemOf, page, Problem, read, undoOf, value} from './api';
export {useAct} from './parts/act';
export {Copy} from './parts/copy';
export {Counts} from './parts/counts';
export {Ended, useEnds} from './parts/ended';
export {focusHead, Head} from './parts/head';
export {HeldNote, HoldWhat} from './parts/hold';
export {Icon} from './parts/icon';
export {Loaded} from './parts/loaded';
export {ChangeList} from './parts/menus';
export {Pager, pageSize} from './parts/pager';
export {Person, personText} from './parts/person';
export {Countdown, ProblemNote} from './parts/problem';
export {Bar, Progress} from './parts/progress';
export {type Condition, Conditions, termsOf} from './parts/rows-filter';
export {Table} from './parts/table';
export {day, moment, Time} from './parts/time';
export {Timeline} from './parts/timeline';
export {titleOf, Text, Value} from './parts/value';
export {
  may,
  useClasses,
  useCount,
  useItem,
  useMe,
  useMetadata,
  useObject,
  useOperations,
  useResources,
  useStatistics,
} from './queries';
export {begin, changes, record} from './recent';
export type {Provider} from './config';
export {channelName, current, signIn, type Handed} from './session';
export {go, href, route, withQuery} from './route';
export {clearPicked, listing, picked} from './selection';
export {choose, settings} from './settings';
export {frozen, midnight, trashQuery} from './trash-query';
export {languages, t} from './words';
