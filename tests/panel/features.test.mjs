import {assert, scenario} from './world.mjs';

const project = (n) => `time/projects/00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

scenario('a path with a slash is a resource whether it was typed with / or %2F, and what follows is the id', {}, async (visit, site) => {
  const {data} = await site.api('GET', `/v1/${project(1)}`);
  await visit.open('#/rows/time/projects?sort=name');
  await visit.title('Project');
  assert.match(visit.page.url(), /#\/rows\/time%2Fprojects\?sort=name$/);
  await visit.go(`#/rows/${project(1)}`);
  await visit.title(data.name);
  await visit.go(`#/delete/time/projects?id=${data.id}`);
  await visit.title(`Move “${data.name}” to the trash?`);
  await visit.page.goBack();
  await visit.title(data.name);
  await visit.page.goBack();
  await visit.title('Project');
  await visit.go(`#/rows/time%2Fprojects/${data.id}`);
  await visit.title(data.name);
  await visit.go('#/rows/departments');
  await visit.title('Department');
});
