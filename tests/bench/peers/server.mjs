// What the peers have in common: the addresses, and where the database is. A peer gives functions over a table and
// a key; those that change rows answer whether there was one.
import Fastify from "fastify";

// As many connections as trashd has by default.
export const CONNECTIONS = 16;

const [host, user, database] = process.argv.slice(2);
export const where = { host, user, database };

const missing = (reply) => reply.code(404).send({ error: "there is no such row" });

export async function serve({ ready, read, list, remove, restore, purge }) {
  const service = Fastify();
  // Only the tables of the benchmark are served; no name comes from an address.
  for (const table of ["time_record", "project"]) {
    const changing =
      (change) =>
      async ({ params: { id } }, reply) =>
        (await change(table, id)) ? { id } : missing(reply);
    service.get(`/${table}/:id`, async ({ params }, reply) => (await read(table, params.id)) ?? missing(reply));
    service.delete(`/${table}/:id`, changing(remove));
    service.post(`/${table}/:id/restore`, changing(restore));
    service.get(`/trash/${table}`, ({ query }) => list(table, Number(query.limit)));
    service.delete(`/trash/${table}/:id`, changing(purge));
  }
  service.get("/readyz", async () => {
    await ready();
    return { ready: true };
  });
  process.once("SIGTERM", () => process.exit(0));
  await service.listen({ host: "127.0.0.1", port: 0 });
  console.log(`listening on 127.0.0.1:${service.server.address().port}`);
}
