// What a program does with the client that is generated from the document of its database: lists,
// gets, makes, changes, deletes, looks into the trash, restores, and meets errors that it knows by
// their codes. Where a line must not compile, the line before says so. Usage: client.js BASE KEY
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { argv: string[]; exit(status: number): never };

type Film = components["schemas"]["CatalogFilmsRow"];
type Code = components["schemas"]["Code"];
type Choices = components["schemas"]["RestoreChoices"];

const [, , baseUrl = "", key = ""] = process.argv;
const client = createClient<paths, `application/${string}`>({ baseUrl, headers: { "X-API-Key": key } });
let faults = 0;

function expect(what: string, got: unknown, wanted: unknown): void {
  if (JSON.stringify(got) === JSON.stringify(wanted)) return;
  console.log(`${what}: ${JSON.stringify(got)} where ${JSON.stringify(wanted)} was expected`);
  faults += 1;
}

async function read(): Promise<void> {
  const films = await client.GET("/v1/catalog/films", { params: { query: { limit: 3, sort: "film_id" } } });
  expect("titles", films.data?.map((film) => film.title), ["ACADEMY DINOSAUR", "ACE GOLDFINGER", "ADAPTATION HOLES"]);
  const film = await client.GET("/v1/catalog/films/{id}", { params: { path: { id: 1 } } });
  const rating: "G" | "PG" | "PG-13" | "R" | "NC-17" | null | undefined = film.data?.rating;
  const features: (string | null)[] | null | undefined = film.data?.special_features;
  expect("rating", rating, "PG");
  expect("features", features, ["Deleted Scenes", "Behind the Scenes"]);
  // @ts-expect-error no film has such a rating
  const wrong: Film["rating"] = "X";
  expect("wrong", wrong, "X");
  // @ts-expect-error the key of a film is a number
  await client.GET("/v1/catalog/films/{id}", { params: { path: { id: "1" } } });
  // @ts-expect-error there is no such resource
  await client.GET("/v1/catalog/nothing");
  const cast = await client.GET("/v1/catalog/cast/{actor_id},{film_id}", {
    params: { path: { actor_id: 1, film_id: 23 } },
  });
  expect("cast", [cast.data?.actor_id, cast.data?.film_id], [1, 23]);
}

async function deleteAndRestore(): Promise<void> {
  const path = { actor_id: 1, film_id: 25 };
  const address = "/v1/catalog/cast/{actor_id},{film_id}";
  const deleted = await client.DELETE(address, { params: { path, query: { reason: "miscast" } } });
  expect("deleted", deleted.response.status, 204);
  const gone = await client.GET(address, { params: { path } });
  expect("gone", [gone.response.status, gone.error?.code], [410, "in-trash"]);
  const trash = await client.GET("/v1/trash", { params: { query: { resource: ["catalog/cast"], root: true } } });
  expect("trash", trash.data?.map((item) => [item.deletedObjectId, item.reason]), [["1,25", "miscast"]]);
  const rows = await client.GET("/v1/catalog/cast/@deleted");
  const trashItemId: string = rows.data?.[0]?.trashItem.id ?? "";
  expect("item", trashItemId, trash.data?.[0]?.id);
  const restored = await client.POST("/v1/trash/{trashItemId}/$restore", { params: { path: { trashItemId } } });
  expect("restored", restored.data && "restored" in restored.data && restored.data.restored, 1);
  expect("back", (await client.GET(address, { params: { path } })).response.status, 200);
}

// A copy beside what lies in the trash, a restore under another key, and its undo.
async function restoreWithChoices(): Promise<void> {
  const path = { shop: "east", code: "1" };
  await client.POST("/v1/stock/shelves", { body: { ...path, kind: "wall" } });
  await client.DELETE("/v1/stock/shelves/{shop},{code}", { params: { path } });
  const lies = await client.GET("/v1/stock/shelves/{shop},{code}/@deleted", { params: { path } });
  const trashItemId: string = lies.data?.trashItem.id ?? "";
  const item = { path: { trashItemId } };
  const set = (code: string) => [{ resource: "stock/shelves", id: "east,1", values: { code } }];
  const another: Choices = { copy: true, otherwise: "fail", set: set("3") };
  const copied = await client.POST("/v1/trash/{trashItemId}/$restore", { params: item, body: another });
  const copies = copied.data && "copied" in copied.data ? copied.data.copied : [];
  expect("copied", copies?.map((one) => [one.from, one.to]), [["east,1", "east,3"]]);
  const renamed: Choices = { only: [trashItemId], copy: false, otherwise: "fail", set: set("2") };
  const back = await client.POST("/v1/trash/{trashItemId}/$restore", { params: item, body: renamed });
  const changed = back.data && "changed" in back.data ? back.data.changed : [];
  expect("changed", changed?.map((one) => [one.id, one.columns]), [["east,2", ["code"]]]);
  const href: string = back.data && "undo" in back.data ? (back.data.undo?.href ?? "") : "";
  const entryId = href.split("/")[3] ?? "";
  const undone = await client.POST("/v1/history/{entryId}/$undo", { params: { path: { entryId } } });
  expect("undone", undone.data && "trashed" in undone.data && undone.data.trashed, 1);
  const again = await client.GET("/v1/trash/{trashItemId}", { params: item });
  expect("lies again", again.data?.deletedObjectId, "east,2");
  // @ts-expect-error there is no such choice
  const away: Choices = { copy: false, otherwise: "throw-away" };
  expect("away", away.copy, false);
}

// Texts that an address could be taken apart by.
async function write(): Promise<void> {
  const address = "/v1/stock/shelves/{shop},{code}";
  for (const code of ["a,b", "%2C", "10%", "a/b?c#d", "@deleted", "", "ä, ö", "{shop}"]) {
    const path = { shop: "north,east", code };
    const body = { ...path, kind: "wall" as const, width: 1.5 };
    const made = await client.POST("/v1/stock/shelves", { body });
    expect("made " + code, [made.response.status, made.data], [201, body]);
    const changed = await client.PATCH(address, { params: { path }, body: { kind: "table" } });
    expect("changed " + code, changed.data, { ...body, kind: "table" });
    const got = await client.GET(address, { params: { path } });
    expect("got " + code, got.data?.kind, "table");
    const deleted = await client.DELETE(address, { params: { path } });
    expect("deleted " + code, deleted.response.status, 204);
    const lies = await client.GET("/v1/stock/shelves/{shop},{code}/@deleted", { params: { path } });
    expect("lies " + code, lies.data?.code, code);
  }
  // @ts-expect-error the CHECK lists other kinds, and the key is missing
  await client.POST("/v1/stock/shelves", { body: { kind: "floor" } });
}

async function meetErrors(): Promise<void> {
  const films = await client.DELETE("/v1/catalog/films/{id}", { params: { path: { id: 1 } } });
  const code: Code | undefined = films.error?.code;
  expect("refused", code, "has-dependents");
  expect("by", films.error?.dependents?.map((one) => one.constraint).includes("film_actor_film_id_fkey"), true);
  const body = { shop: "south", code: "1", kind: "wall" as const };
  await client.POST("/v1/stock/shelves", { body });
  const again = await client.POST("/v1/stock/shelves", { body });
  switch (again.error?.code) {
    case "conflict":
      expect("taken", again.error.constraint, "shelf_pkey");
      break;
    // @ts-expect-error no error has such a code
    case "taken":
      break;
    default:
      expect("taken", again.error?.code, "conflict");
  }
}

await read();
await deleteAndRestore();
await restoreWithChoices();
await write();
await meetErrors();
process.exit(faults ? 1 : 0);
