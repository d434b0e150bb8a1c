// References of the configuration, that no foreign key knows of: as Rails and Django write them,
// and others.
#include <doctest/doctest.h>

#include "service/config/config.hpp"
#include "service/doctor/doctor.hpp"
#include "tests/support/served_database.hpp"

using namespace trashd::test;

namespace {

// commentable_id is text, as where keys are of several types.
const char* kRails = R"(
CREATE TABLE post (id bigint PRIMARY KEY, title text);
CREATE TABLE photo (id uuid PRIMARY KEY, title text);
CREATE TABLE comment (id bigint PRIMARY KEY, commentable_type varchar(40), commentable_id varchar(60),
  body text);
CREATE INDEX ON comment (commentable_type, commentable_id);
CREATE TABLE flag (id bigint PRIMARY KEY, comment bigint REFERENCES comment ON DELETE CASCADE);
CREATE INDEX ON flag (comment);
INSERT INTO post VALUES (1, 'one'), (2, 'two');
INSERT INTO photo VALUES ('00000000-0000-0000-0000-00000000000a', 'a');
INSERT INTO comment VALUES (10, 'Post', '1', 'x'), (11, 'Post', '2', 'x'), (12, 'Photo', '1', 'x'),
  (13, 'Photo', '00000000-0000-0000-0000-00000000000a', 'x'), (14, 'Post', 'none', 'x'),
  (15, 'Post', NULL, 'x');
INSERT INTO flag VALUES (20, 10), (21, 12);
)";
const std::string kPolymorphic = R"(
[[reference]]
table = "comment"
columns = ["commentable_id"]
where = "commentable_type = 'Post'"
to = "post"
on_delete = "cascade"
[[reference]]
name = "comment_of_photo"
table = "comment"
columns = ["commentable_id"]
where = "commentable_type = 'Photo'"
to = "photo"
on_delete = "cascade"
)";
constexpr const char* kComments = "SELECT string_agg(id::text, ',' ORDER BY id) FROM comment";

// A reference of one table to another, by one column.
std::string reference(const std::string& table, const std::string& column, const std::string& to,
                      const std::string& on_delete, const std::string& where = "") {
    return "[[reference]]\ntable = \"" + table + "\"\ncolumns = [\"" + column + "\"]\nto = \"" +
           to + "\"\non_delete = \"" + on_delete + "\"\n" +
           (where.empty() ? "" : "where = \"" + where + "\"\n");
}

// What the program says when it does not start with the configuration.
std::string refusal(const std::string& schema, const std::string& toml) {
    const TempDatabase database(schema);
    try {
        const ServiceProcess service(database.url(), {}, toml);
        return "it started";
    } catch (const std::runtime_error& error) {
        return error.what();
    }
}

bool says(const std::string& text, const std::string& part) {
    CAPTURE(text);
    CAPTURE(part);
    const bool found = text.find(part) != std::string::npos;
    CHECK(found);
    return found;
}

}  // namespace

TEST_CASE("what refers by a type and a text id goes with its parent, and comes back with it") {
    ServedDatabase call(kRails, kPolymorphic);
    const auto impact = call("DELETE", "/v1/post/1?dryRun=true").json();
    CHECK(impact["total"].GetInt() == 3);
    CHECK(call.value(kComments) == "10,11,12,13,14,15");
    const auto item = call.trash("post/1");
    CHECK(call.value(kComments) == "11,12,13,14,15");
    CHECK(call.value("SELECT count(*) FROM flag") == "1");
    CHECK(call("GET", item).json()["groupSize"].GetInt() == 3);
    CHECK(call("POST", item + "/$restore").json()["restored"].GetInt() == 3);
    CHECK(call.value(kComments) == "10,11,12,13,14,15");
    CHECK(call.value("SELECT commentable_id || commentable_type FROM comment WHERE id = 10") ==
          "1Post");
}

TEST_CASE("of several tables that one column refers to each takes its own along, uuids too") {
    ServedDatabase call(kRails, kPolymorphic);
    const auto item = call.trash("photo/00000000-0000-0000-0000-00000000000a");
    CHECK(call.value(kComments) == "10,11,12,14,15");
    CHECK(call("GET", "/v1/comment/13").status == 410);
    CHECK(call("POST", item + "/$restore").status == 200);
    CHECK(call.value(kComments) == "10,11,12,13,14,15");
}

TEST_CASE("a declared parent that is not there is a conflict of the restore, and comes along") {
    ServedDatabase call(kRails, kPolymorphic);
    const auto comment = call.trash("comment/10");
    const auto post = call.trash("post/1");
    const auto refused = call("POST", comment + "/$restore");
    CHECK(refused.code() == "restore-conflict");
    const auto json = refused.json();
    const auto& conflict = json["conflicts"][0];
    CHECK(conflict["kind"] == "missing-parent");
    CHECK(conflict["constraint"] == "comment_commentable_id_post");
    CHECK(conflict["columns"][0] == "commentable_id");
    CHECK(conflict["values"][0] == "1");
    CHECK(conflict["with"]["resource"] == "post");
    CHECK(conflict["with"]["id"] == "1");
    CHECK("/v1/trash/" + std::string(conflict["trashItem"].GetString()) == post);
    CHECK(call.value("SELECT count(*) FROM comment WHERE id = 10") == "0");
    CHECK(call("POST", comment + "/$restore?with=ancestors").json()["restored"].GetInt() == 3);
    CHECK(call.value("SELECT count(*) FROM post") == "2");
    CHECK(call.value(kComments) == "10,11,12,13,14,15");
}

TEST_CASE("a value that is none of the parent's type is a missing parent, not a failure") {
    ServedDatabase call(kRails, kPolymorphic);
    const auto item = call.trash("comment/14");
    const auto json = call("POST", item + "/$restore").json();
    CHECK(json["conflicts"][0]["kind"] == "missing-parent");
    CHECK(json["conflicts"][0]["values"][0] == "none");
    CHECK(call("POST", call.trash("comment/15") + "/$restore").status == 200);  // NULL
    CHECK(call("POST", item + "/$restore",
               R"({"resolve": [{"resource": "comment", "id": "14", "choice": "detach"}]})")
              .status == 200);
    CHECK(call.value("SELECT commentable_id IS NULL FROM comment WHERE id = 14") == "t");
}

TEST_CASE("what refers by a declared reference that restricts refuses the delete, and is named") {
    ServedDatabase call(kRails, reference("comment", "commentable_id", "post", "restrict",
                                          "commentable_type = 'Post'"));
    const auto refused = call("DELETE", "/v1/post/1");
    CHECK(refused.code() == "has-dependents");
    const auto json = refused.json();
    CHECK(json["dependents"][0]["resource"] == "comment");
    CHECK(json["dependents"][0]["constraint"] == "comment_commentable_id_post");
    CHECK(json["dependents"][0]["count"].GetInt() == 1);
    CHECK(json["dependents"][0]["ids"][0] == "10");
    CHECK(call.value("SELECT count(*) FROM post") == "2");
    CHECK(call("DELETE", "/v1/post/1?cascade=true").status == 204);
    CHECK(call.value(kComments) == "11,12,13,14,15");
}

TEST_CASE("a declared reference is set to null and set back") {
    ServedDatabase call(kRails, reference("comment", "commentable_id", "post", "set-null",
                                          "commentable_type = 'Post'"));
    const auto impact = call("DELETE", "/v1/post/1?dryRun=true").json();
    CHECK(impact["resources"][1]["action"] == "set-null");
    const auto item = call.trash("post/1");
    CHECK(call.value("SELECT commentable_id IS NULL FROM comment WHERE id = 10") == "t");
    CHECK(call.value("SELECT commentable_id FROM comment WHERE id = 12") == "1");
    const auto back = call("POST", item + "/$restore").json();
    CHECK(back["relinked"].GetInt() == 1);
    CHECK(call.value("SELECT commentable_id FROM comment WHERE id = 10") == "1");
}

TEST_CASE("Django's content types: a condition that asks another table") {
    ServedDatabase call(
        R"(
CREATE TABLE django_content_type (id int PRIMARY KEY, app_label text, model text);
CREATE TABLE blog_entry (id int PRIMARY KEY, title text);
CREATE TABLE tagged (id bigint PRIMARY KEY, content_type_id int REFERENCES django_content_type,
  object_id int, kind text, amount int);
CREATE INDEX ON tagged (object_id);
INSERT INTO django_content_type VALUES (7, 'blog', 'entry'), (8, 'shop', 'item');
INSERT INTO blog_entry VALUES (1, 'one');
INSERT INTO tagged VALUES (1, 7, 1, 'k', 3), (2, 8, 1, 'k', 3), (3, 7, 1, 'other', 3);
)",
        reference("tagged", "object_id", "blog_entry", "cascade",
                  "kind = 'k' AND amount > 0 AND content_type_id = (SELECT c.id "
                  "FROM public.django_content_type c WHERE c.app_label = 'blog' AND "
                  "c.model = 'entry')"));
    CHECK(call("DELETE", "/v1/blog_entry/1?dryRun=true").json()["total"].GetInt() == 2);
    const auto item = call.trash("blog_entry/1");
    CHECK(call.value("SELECT string_agg(id::text, ',' ORDER BY id) FROM tagged") == "2,3");
    CHECK(call("GET",
               "/v1/trash?groupId=" + std::string(call("GET", item).json()["groupId"].GetString()))
              .json()
              .Size() == 2);
    CHECK(call("POST", item + "/$restore").json()["restored"].GetInt() == 2);
    CHECK(call.value("SELECT count(*) FROM tagged") == "3");
}

TEST_CASE("a declared reference of a table to itself, and one in a circle with foreign keys") {
    ServedDatabase call(R"(
CREATE TABLE node (id int PRIMARY KEY, up int);
CREATE TABLE leaf (id int PRIMARY KEY, node int REFERENCES node ON DELETE CASCADE, next int);
INSERT INTO node VALUES (1, NULL), (2, 1), (3, 2), (4, NULL), (5, 4);
INSERT INTO leaf VALUES (1, 3, 4), (2, 5, NULL);
)",
                        reference("node", "up", "node", "cascade") + R"([[reference]]
name = "on"
table = "node"
columns = ["id"]
to = "leaf"
to_columns = ["id"]
on_delete = "cascade"
where = "id = 99"
)");
    const auto item = call.trash("node/1");
    CHECK(call.value("SELECT string_agg(id::text, ',' ORDER BY id) FROM node") == "4,5");
    CHECK(call.value("SELECT count(*) FROM leaf") == "1");
    const auto members = call("GET", item).json()["groupSize"].GetInt();
    CHECK(members == 4);
    CHECK(call("POST", item + "/$restore").json()["restored"].GetInt() == 4);
    CHECK(call.value("SELECT count(*) FROM node") == "5");
}

TEST_CASE("names with quotes, dots and capitals, and keys of several columns") {
    ServedDatabase call(R"(
CREATE SCHEMA "Odd";
CREATE TABLE "Odd"."a.b""c" ("K 1" int, "k.2" text, PRIMARY KEY ("K 1", "k.2"));
CREATE TABLE "Odd"."Ref's" (id int PRIMARY KEY, "x""1" bigint, y text, "T" text);
INSERT INTO "Odd"."a.b""c" VALUES (1, 'b'), (1, 'c');
INSERT INTO "Odd"."Ref's" VALUES (1, 1, 'b', 'it''s'), (2, 1, 'c', 'it''s'), (3, 1, 'b', 'other');
)",
                        R"(schemas = ["public", "Odd"]
[[resource]]
table = 'Odd.a.b"c'
path = "odd"
[[reference]]
table = "Odd.Ref's"
columns = ['x"1', "y"]
to = 'Odd.a.b"c'
where = '''"T" = 'it''s' '''
on_delete = "cascade"
)");
    const auto item = call.trash("odd/1,b");
    CHECK(call.value(R"(SELECT string_agg(id::text, ',' ORDER BY id) FROM "Odd"."Ref's")") ==
          "2,3");
    CHECK(call("POST", item + "/$restore").json()["restored"].GetInt() == 2);
}

TEST_CASE("metadata, plan and references tell declared references") {
    ServedDatabase call(kRails, kPolymorphic);
    const auto metadata = call("GET", "/v1/comment/$metadata").json();
    const auto& references = metadata["references"];
    REQUIRE(references.Size() == 2);
    CHECK(references[0]["constraint"] == "comment_commentable_id_post");
    CHECK(references[0]["declared"].GetBool());
    CHECK(references[0]["where"] == "commentable_type = 'Post'");
    CHECK(references[0]["indexed"].GetBool());  // by type and id
    CHECK(references[0]["onDelete"]["action"] == "trash");
    CHECK(references[0]["onDelete"]["reason"] == "declared: cascade");
    CHECK_FALSE(call("GET", "/v1/flag/$metadata").json()["references"][0]["declared"].GetBool());
    const auto row = call("GET", "/v1/comment/10?expand=references").json();
    CHECK(row["references"]["comment_commentable_id_post"]["displayName"] == "one");
    CHECK_FALSE(row["references"].HasMember("comment_of_photo"));
    const auto item = call.trash("post/1");
    const auto group = std::string(call("GET", item).json()["groupId"].GetString());
    std::vector<std::string> taken_by;
    const auto counts = call("GET", "/v1/groups/" + group).json();
    for (const auto& one : counts["counts"].GetArray())
        taken_by.emplace_back(one["constraint"].IsNull() ? "" : one["constraint"].GetString());
    CHECK(taken_by ==
          std::vector<std::string>{"", "comment_commentable_id_post", "flag_comment_fkey"});
}

TEST_CASE("a migration that a declared reference does not survive refuses deletes of its parent") {
    // What refers would be left behind without a word.
    ServedDatabase call(kRails, kPolymorphic);
    call.sql("ALTER TABLE comment RENAME COLUMN commentable_id TO thing_id");
    auto refused = call("DELETE", "/v1/post/1");
    for (int tries = 0; tries < 150 && refused.status == 204; ++tries)
        refused = call("DELETE", "/v1/post/2");
    CHECK(refused.status == 409);
    says(refused.body,
         "the reference comment_commentable_id_post of public.comment cannot be "
         "followed: table public.comment has no column commentable_id");
    CHECK(call("DELETE", "/v1/comment/10").status == 204);
    call.sql("ALTER TABLE comment RENAME COLUMN thing_id TO commentable_id");
    CHECK(call("DELETE", "/v1/post/1").status == 204);
}

TEST_CASE("a declared reference that the tables do not let be followed ends the start") {
    const auto with = [](const std::string& line) {
        return "[[reference]]\ntable = \"comment\"\n" + line;
    };
    says(refusal(kRails, with("columns = [\"nix\"]\nto = \"post\"\n")),
         "reference comment_nix_post: table public.comment has no column nix");
    says(refusal(kRails, with("columns = [\"body\"]\nto = \"nix\"\n")),
         "reference comment_body_nix: there is no table public.nix");
    says(refusal(kRails, with("columns = [\"body\"]\nto = \"post\"\nwhere = \"nix = 1\"\n")),
         "reference comment_body_post: where is no condition over the columns of table "
         "public.comment: column \"nix\" does not exist");
    says(refusal(kRails, with("columns = [\"id\"]\nto = \"photo\"\n")),
         "reference comment_id_photo: column id (bigint) cannot be compared with id (uuid)");
    says(refusal(kRails, with("columns = [\"body\"]\nto = \"post\"\nto_columns = [\"title\"]\n")),
         "reference comment_body_post: no unique index of table public.post is over the columns "
         "that are referred to");
    says(refusal(kRails, with("columns = [\"body\", \"id\"]\nto = \"post\"\n")),
         "reference comment_body_id_post: it has 2 columns and 1 are referred to");
    says(refusal(kRails, with("columns = [\"id\"]\nto = \"post\"\non_delete = \"set-null\"\n")),
         "reference comment_id_post: on_delete is set-null, and the column id is NOT NULL");
    says(refusal(kRails, R"([[reference]]
name = "flag_comment_fkey"
table = "flag"
columns = ["id"]
to = "post"
)"),
         "reference flag_comment_fkey: a foreign key of the table is called so too");
}

TEST_CASE("a row that comes to refer while its declared parent goes is not left behind") {
    // No constraint refuses it; a trigger stands for another session that has committed.
    ServedDatabase call(kRails, kPolymorphic);
    call.sql(R"(
CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO comment VALUES (99, 'Post', OLD.id::text, 'late'); RETURN NULL; END $$;
CREATE TRIGGER late AFTER DELETE ON post FOR EACH ROW EXECUTE FUNCTION late())");
    CHECK(call("DELETE", "/v1/post/1").code() == "conflict");
    CHECK(call.value(kComments) == "10,11,12,13,14,15");
    CHECK(call.value("SELECT count(*) FROM post") == "2");
}

TEST_CASE("declared references of partitioned tables, and of many rows at once") {
    ServedDatabase call(R"(
CREATE TABLE post (id int PRIMARY KEY);
CREATE TABLE comment (id int, kind text, target text, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
CREATE TABLE comment_post PARTITION OF comment FOR VALUES IN ('post');
CREATE TABLE comment_rest PARTITION OF comment DEFAULT;
INSERT INTO post SELECT generate_series(1, 3);
INSERT INTO comment SELECT i, CASE WHEN i % 2 = 0 THEN 'post' ELSE 'x' END, (1 + i % 3)::text
FROM generate_series(1, 12) i;
)",
                        reference("comment", "target", "post", "cascade", "kind = 'post'"));
    const auto impact = call("DELETE", "/v1/post?ids=1,2&dryRun=true").json();
    CHECK(impact["total"].GetInt() == 6);
    const auto gone = call("DELETE", "/v1/post?ids=1,2").json();
    CHECK(gone[1]["status"] == "trashed");
    CHECK(call.value("SELECT count(*) FROM comment") == "8");
    for (const auto& one : gone.GetArray()) {
        const auto item = std::string(one["trashItem"]["id"].GetString());
        CHECK(call("POST", "/v1/trash/" + item + "/$restore").status == 200);
    }
    CHECK(call.value("SELECT count(*) FROM comment") == "12");
}

TEST_CASE("a declared parent that comes back under another key carries what refers to it along") {
    ServedDatabase call(kRails, kPolymorphic);
    const auto item = call.trash("post/1");
    call.sql("INSERT INTO post VALUES (1, 'other')");
    const auto back = call("POST", item + "/$restore",
                           R"({"set": [{"resource": "post", "id": "1", "values": {"id": 7}}]})");
    CHECK(back.status == 200);
    CHECK(call.value("SELECT commentable_id FROM comment WHERE id = 10") == "7");
    CHECK(call.value("SELECT count(*) FROM post") == "3");
}

TEST_CASE("nodb: faults of [[reference]] are named") {
    const auto faults_of = [](const std::string& toml) -> std::vector<std::string> {
        try {
            trashd::service::load_config(
                toml, {}, [](const std::string&) { return std::optional<std::string>(); });
        } catch (const trashd::service::ConfigError& error) {
            return error.faults;
        }
        return {};
    };
    CHECK(faults_of("[[reference]]\nwhat = 1\n") ==
          std::vector<std::string>{
              "reference[0].table: is missing", "reference[0].columns: is missing",
              "reference[0].to: is missing", "reference[0].what: unknown key"});
    CHECK(faults_of(reference("a", "b", "c", "nix") + "name = \"\"\n") ==
          std::vector<std::string>{
              "reference[0].on_delete: must be cascade, set-null, restrict or no-action",
              "reference[0].name: must not be empty"});
    CHECK(faults_of(reference("a", "b", "c", "cascade", " ")) ==
          std::vector<std::string>{"reference[0].where: must not be empty"});
    CHECK(faults_of(reference("a", "b", "c", "cascade") + reference("a", "b", "c", "restrict")) ==
          std::vector<std::string>{
              "reference[1].name: another reference of the table is called a_b_c"});
    CHECK(faults_of("reference = 1") ==
          std::vector<std::string>{"reference: must be written as [[reference]]"});
}

TEST_CASE("doctor tells what has lost its declared parent, and proposes references") {
    TempDatabase database(kRails);
    TestConnection connection(database.url());
    const auto of = [&](const std::string& toml, const std::string& kind) {
        std::vector<trashd::service::Finding> found;
        const auto config = trashd::service::load_config(
            toml, {}, [](const std::string&) { return std::optional<std::string>(); });
        for (const auto& one : trashd::service::examine(connection.get(), config))
            if (one.kind == kind) found.push_back(one);
        return found;
    };
    const auto proposed = of("", "undeclared-reference");
    REQUIRE(proposed.size() == 1);
    CHECK(proposed[0].subject == "public.comment");
    says(proposed[0].detail, "commentable_type and commentable_id look like a reference");
    CHECK(of(kPolymorphic, "undeclared-reference").empty());
    const auto orphaned = of(kPolymorphic, "orphaned");
    REQUIRE(orphaned.size() == 2);  // 14 is of no post, and 12 of no photo
    says(orphaned[0].detail, "1 rows refer by comment_commentable_id_post to rows of public.post");
    CHECK(of(kPolymorphic, "missing-index").empty());
    connection->script("DROP INDEX comment_commentable_type_commentable_id_idx");
    const auto missing = of(kPolymorphic, "missing-index");
    REQUIRE(missing.size() == 2);
    says(missing[0].detail, "the columns of the reference comment_commentable_id_post");
}

TEST_CASE("what SQL deletes takes no declared referrer along, and doctor tells what is left") {
    ServedDatabase call(kRails, kPolymorphic + "[[resource]]\ntable = \"post\"\ncapture = true\n");
    call.sql("DELETE FROM post WHERE id = 1");
    CHECK(call.value(kComments) == "10,11,12,13,14,15");
    const auto items = call("GET", "/v1/trash").json();
    REQUIRE(items.Size() == 1);
    CHECK(items[0]["resource"] == "post");
    CHECK(items[0]["groupSize"].GetInt() == 1);
    const auto config = trashd::service::load_config(
        kPolymorphic, {}, [](const std::string&) { return std::optional<std::string>(); });
    TestConnection connection(call.database.url());
    std::string told;
    for (const auto& finding : trashd::service::examine(connection.get(), config))
        if (finding.kind == "orphaned") told += finding.detail + "\n";
    says(told, "2 rows refer by comment_commentable_id_post to rows of public.post");
    const std::string item = items[0]["id"].GetString();
    CHECK(call("POST", "/v1/trash/" + item + "/$restore").status == 200);
    CHECK(call.value("SELECT count(*) FROM post") == "2");
}

TEST_CASE("a column that is called as its table's singular, without a foreign key, is proposed") {
    TempDatabase database(R"(
CREATE TABLE categories (id int PRIMARY KEY);
CREATE TABLE thing (id int PRIMARY KEY, category_id int, other_id int, categories_id text);
)");
    TestConnection connection(database.url());
    std::vector<std::string> fixes;
    for (const auto& one : trashd::service::examine(connection.get(), {}))
        if (one.kind == "undeclared-reference") fixes.push_back(one.fix);
    REQUIRE(fixes.size() == 1);
    says(fixes[0],
         "[[reference]] table = \"public.thing\", columns = [\"category_id\"], to = "
         "\"public.categories\"");
}

TEST_CASE("a table of which nothing is served goes along and comes back all the same") {
    ServedDatabase call(kRails, kPolymorphic + R"([[resource]]
table = "flag"
serve = false
)");
    CHECK(call("GET", "/v1/flag").status == 404);
    CHECK(call("GET", "/v1/flag/20").code() == "not-found");
    const auto item = call.trash("post/1");
    CHECK(call.value("SELECT count(*) FROM flag") == "1");
    const auto all = call("GET", "/v1/trash?limit=10").json();
    REQUIRE(all.Size() == 3);
    int flags = 0;
    for (const auto& one : all.GetArray())
        if (one["resource"] == "flag" && one["deletedObjectId"] == "20") ++flags;
    CHECK(flags == 1);
    CHECK(call("POST", item + "/$restore").json()["restored"].GetInt() == 3);
    CHECK(call.value("SELECT count(*) FROM flag") == "2");
}
