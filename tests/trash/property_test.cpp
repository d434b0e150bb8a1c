// Random schemas, random rows, random operations from a fixed seed: no row is ever lost, doubled or
// changed. TRASHD_ROUNDS sets how many databases are tried, TRASHD_SEED where to begin.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "schema/catalog/catalog.hpp"
#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/transaction.hpp"
#include "schema/sqlstate.hpp"
#include "tests/support/database.hpp"
#include "trash/capture/capture.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/item.hpp"
#include "trash/model/options.hpp"
#include "trash/model/restored.hpp"
#include "trash/trash.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

class Dice {
  public:
    explicit Dice(unsigned long long seed) : engine_(seed) {}
    int below(int n) { return static_cast<int>(engine_() % static_cast<unsigned long long>(n)); }
    bool chance(int percent) { return below(100) < percent; }
    std::string hex(int digits) {
        std::string out;
        for (int i = 0; i < digits; ++i) out += "0123456789abcdef"[below(16)];
        return out;
    }
    template <typename T>
    T& any(std::vector<T>& from) {
        return from[static_cast<std::size_t>(below(static_cast<int>(from.size())))];
    }

  private:
    std::mt19937_64 engine_;
};

using Names = std::vector<std::string>;
using Row = std::map<std::string, schema::Param>;

struct Column {
    std::string name, type, fallback;
    bool required = false;
};

struct Spec {
    std::string name;
    std::vector<Column> columns;
    Names key;
    std::vector<Row> rows;
    bool alternative = false;

    const Column& column(const std::string& wanted) const {
        return *std::ranges::find(columns, wanted, &Column::name);
    }
};

std::string list(const Names& names) {
    std::string out;
    for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
    return out;
}

std::string constant(const schema::Param& value) {
    return value ? schema::literal(*value) : "NULL";
}

// Draws a schema and its rows; the keys go on when the rows are in, so every cycle is possible.
class Schema {
  public:
    explicit Schema(Dice& dice) : dice_(dice) {
        const int count = 3 + dice_.below(6);
        for (int i = 0; i < count; ++i) add_table(i);
        for (int i = 0; i < count + dice_.below(count); ++i) {
            refer(dice_.any(tables_), dice_.any(tables_), false);
        }
        for (auto& table : tables_) create_ += created(table);
    }
    std::string script() const { return create_ + after_; }
    const std::vector<Spec>& tables() const { return tables_; }

  private:
    std::string fresh(const std::string& type) {
        ++counter_;
        if (type == "int") return std::to_string(counter_);
        if (type == "uuid") return "00000000-0000-4000-8000-" + dice_.hex(12);
        static const Names kHard = {"a,b", "q\"", "b\\s", "{x}", "sp ace", "ümlaut", "'"};
        return kHard[static_cast<std::size_t>(dice_.below(7))] + std::to_string(counter_);
    }

    void add_table(int number) {
        tables_.push_back({"t" + std::to_string(number), {}, {}, {}, false});
        Spec& table = tables_.back();
        table.rows.resize(static_cast<std::size_t>(2 + dice_.below(9)));
        const int kind = dice_.below(10);
        static const Names kTypes = {"int", "uuid", "text"};
        if (kind < 7 || (kind < 8 && number > 0)) {
            add_key(table, kTypes[static_cast<std::size_t>(dice_.below(3))]);
            if (kind >= 5 && kind < 7)
                add_key(table, kTypes[static_cast<std::size_t>(dice_.below(3))]);
            if (kind == 7)
                refer(table, tables_[static_cast<std::size_t>(dice_.below(number))], true);
        } else if (kind < 9) {
            add_key(table, "int");
        }
        if (dice_.chance(30)) {
            table.alternative = true;
            table.columns.push_back({"alt", "text", "", dice_.chance(50)});
            for (auto& row : table.rows) row["alt"] = fresh("text");
            after_ += "ALTER TABLE " + table.name + " ADD UNIQUE (alt);\n";
        }
        table.columns.push_back({"tag", "text", "", true});
        for (auto& row : table.rows) row["tag"] = "#" + std::to_string(++tags_) + "#";
    }

    void add_key(Spec& table, const std::string& type) {
        const std::string name = "k" + std::to_string(table.key.size());
        table.key.push_back(name);
        table.columns.push_back({name, type, "", true});
        for (auto& row : table.rows) row[name] = fresh(type);
    }

    // identifying: the reference becomes a part of the key
    void refer(Spec& child, Spec& parent, bool identifying) {
        Names to = parent.key;
        if (!identifying && parent.alternative && (to.empty() || dice_.chance(40))) to = {"alt"};
        if (to.empty()) return;
        const std::string name = "f" + std::to_string(++references_);
        const bool required = identifying || dice_.chance(25),
                   full = to.size() > 1 && dice_.chance(20);
        const Row& fallback = dice_.any(parent.rows);
        const bool defaults = dice_.chance(40);
        Names from;
        for (const auto& column : to) {
            from.push_back(name + "_" + std::to_string(from.size()));
            child.columns.push_back({from.back(), parent.column(column).type,
                                     defaults ? constant(fallback.at(column)) : "", required});
        }
        for (auto& row : child.rows) fill(row, from, to, parent, required, full);
        if (identifying) child.key.insert(child.key.begin(), from.begin(), from.end());
        after_ += "ALTER TABLE " + child.name + " ADD CONSTRAINT " + name + " FOREIGN KEY (" +
                  list(from) + ") REFERENCES " + parent.name + " (" + list(to) + ")" +
                  (full ? " MATCH FULL" : "") + action(from, full) + ";\n";
        if (dice_.chance(50))
            after_ += "CREATE INDEX ON " + child.name + " (" + list(from) + ");\n";
        if (!identifying && distinct(child, from) && dice_.chance(40)) {
            after_ += "ALTER TABLE " + child.name + " ADD UNIQUE (" + list(from) + ");\n";
        }
    }

    void fill(Row& row, const Names& from, const Names& to, Spec& parent, bool required,
              bool full) {
        const bool set = required || dice_.chance(75);
        const Row target = dice_.any(parent.rows);
        for (std::size_t k = 0; k < from.size(); ++k)
            row[from[k]] = set ? target.at(to[k]) : std::nullopt;
        if (from.size() > 1 && !required && !full && dice_.chance(10)) row[from[0]] = std::nullopt;
    }

    std::string action(const Names& from, bool full) {
        static const Names kActions = {"CASCADE",     "CASCADE",  "SET NULL",
                                       "SET DEFAULT", "RESTRICT", "NO ACTION"};
        std::string out = " ON DELETE " + dice_.any(const_cast<Names&>(kActions));
        if (out == " ON DELETE SET NULL" && from.size() > 1 && !full && dice_.chance(50)) {
            out += " (" + from.back() + ")";
        }
        if (dice_.chance(15)) out += " DEFERRABLE INITIALLY DEFERRED";
        return out;
    }

    bool distinct(const Spec& table, const Names& columns) const {
        std::set<std::string> seen;
        for (const auto& row : table.rows) {
            std::string all;
            for (const auto& column : columns) all += constant(row.at(column)) + ",";
            if (!seen.insert(all).second && all.find("NULL") == std::string::npos) return false;
        }
        return true;
    }

    std::string created(const Spec& table) const {
        std::string text = "CREATE TABLE " + table.name + " (", rows;
        Names names;
        for (const auto& column : table.columns) {
            text += column.name + " " + column.type + (column.required ? " NOT NULL" : "") +
                    (column.fallback.empty() ? "" : " DEFAULT " + column.fallback) + ", ";
            names.push_back(column.name);
        }
        text +=
            table.key.empty() ? "CHECK (true));\n" : "PRIMARY KEY (" + list(table.key) + "));\n";
        for (const auto& row : table.rows) {
            Names values;
            for (const auto& name : names) values.push_back(constant(row.at(name)));
            rows += (rows.empty() ? "(" : ", (") + list(values) + ")";
        }
        return text + "INSERT INTO " + table.name + " (" + list(names) + ") VALUES " + rows + ";\n";
    }

    Dice& dice_;
    std::vector<Spec> tables_;
    std::string create_, after_;
    int counter_ = 0, tags_ = 0, references_ = 0;
};

// One database and what the test knows of it.
class Round {
  public:
    Round(unsigned long long seed, bool captured)
        : dice_(seed),
          schema_(dice_),
          database_(schema_.script()),
          pool_(database_.url(), 2),
          bin_(pool_),
          lease_(pool_.lease()),
          all_(live()),
          begin_(copy_of_all_tables(lease_.connection())),
          for_good_(dice_.chance(30)),
          captured_(captured) {
        if (!captured_) return;
        for (const auto& table : schema_.tables())
            trash::Capture(bin_).on({{"public", table.name}});
    }

    const std::string& script() const { return script_; }
    const std::string& done() const { return done_; }
    int succeeded() const { return succeeded_; }

    void run() {
        for (int step = 0; step < 25; ++step) {
            const int what = dice_.below(10);
            if (what < 6)
                captured_&& dice_.chance(60) ? remove_by_sql() : remove();
            else if (what < 9)
                restore(dice_.chance(50), dice_.chance(25));
            else if (for_good_)
                dice_.chance(50) ? purge() : remove_hard();
            check();
        }
        restore_all();
    }

  private:
    Names column(const std::string& sql) {
        Names out;
        const auto found = lease_.connection().exec(sql);
        for (int row = 0; row < found.rows(); ++row) out.emplace_back(found.text(row, 0));
        return out;
    }

    Names live() {
        std::string sql;
        for (const auto& table : schema_.tables())
            sql += (sql.empty() ? "SELECT tag FROM " : " UNION ALL SELECT tag FROM ") + table.name;
        return column(sql);
    }

    std::string state() {
        std::string out = copy_of_all_tables(lease_.connection());
        for (const char* sql :
             {"SELECT ROW(g.uuid, i.ordinal, i.object_id, i.payload)::text FROM trashd.item i JOIN "
              "trashd.trash_group g ON g.id = i.group_id ORDER BY 1",
              "SELECT ROW(g.uuid, l.object_id, l.key, l.attnums, l.was, l.left_as)::text FROM "
              "trashd.link l JOIN trashd.trash_group g ON g.id = l.group_id ORDER BY 1"}) {
            for (const auto& line : column(sql)) out += line + "\n";
        }
        return out;
    }

    void check() {
        Names found = live();
        for (const auto& tag :
             column("SELECT p FROM trashd.item, unnest(payload) p WHERE p ~ '^#[0-9]+#$'")) {
            found.push_back(tag);
        }
        found.insert(found.end(), gone_.begin(), gone_.end());
        std::ranges::sort(found);
        std::ranges::sort(all_);
        REQUIRE_MESSAGE(found == all_, "rows lost or doubled after\n", done_);
    }

    // Refusals are part of life, but they must leave everything as it was.
    template <typename Work>
    bool attempt(const std::string& what, Work work) {
        const std::string before = state();
        done_ += what + "\n";
        try {
            work();
            ++succeeded_;
            return true;
        } catch (const Error& error) {
            done_ += std::string("  refused: ") + error.what() + "\n";
            const bool known =
                error.code() == Code::kConflict || error.code() == Code::kHasDependents ||
                error.code() == Code::kRestoreConflict || error.code() == Code::kNotFound ||
                (captured_ && error.of_class(sqlstate::kIntegrityViolations));
            REQUIRE_MESSAGE(known, "unexpected: ", error.what(), " after\n", done_);
            REQUIRE_MESSAGE((state() == before), "a refused operation changed something:\n", done_);
            return false;
        }
    }

    // A live row of a table with a key: the table and the key's text.
    std::optional<std::pair<std::string, Names>> any_row() {
        std::vector<Spec> keyed;
        for (const auto& table : schema_.tables()) {
            if (!table.key.empty()) keyed.push_back(table);
        }
        if (keyed.empty()) return std::nullopt;
        const Spec& table = dice_.any(keyed);
        const auto rows = lease_.connection().exec("SELECT " + list(table.key) + " FROM " +
                                                   table.name + " ORDER BY tag");
        if (rows.rows() == 0) return std::nullopt;
        const int row = dice_.below(rows.rows());
        Names key;
        for (int i = 0; i < rows.columns(); ++i) key.emplace_back(rows.text(row, i));
        return std::pair(table.name, key);
    }

    void remove() {
        const auto row = any_row();
        if (!row) return;
        const bool cascade = dice_.chance(40), back = dice_.chance(30);
        const std::string before = state();
        trash::DeleteResult result;
        if (!attempt("delete " + row->first + " " + list(row->second) + (cascade ? " cascade" : ""),
                     [&] {
                         result = bin_.remove({"public", row->first}, row->second,
                                              {.cascade = cascade}, {});
                     }))
            return;
        check();
        if (!back) return;
        const bool restored = attempt("restore it", [&] { bin_.restore(result.item->id, {}, {}); });
        REQUIRE_MESSAGE(restored, "a restore right after the delete is refused:\n", done_);
        REQUIRE_MESSAGE((state() == before), "a restore right after the delete is not the same:\n",
                        done_);
    }

    std::string delete_sql(const std::pair<std::string, Names>& row) const {
        const auto& table = *std::ranges::find(schema_.tables(), row.first, &Spec::name);
        std::string sql = "DELETE FROM " + table.name;
        for (std::size_t k = 0; k < table.key.size(); ++k)
            sql += (k == 0 ? " WHERE " : " AND ") + table.key[k] +
                   "::text = " + schema::literal(row.second[k]);
        return sql;
    }

    // As others send it: some statements of one transaction, the first row's now and then again.
    void remove_by_sql() {
        std::string sql;
        for (int n = 1 + dice_.below(3); n > 0; --n)
            if (const auto row = any_row()) sql += delete_sql(*row) + ";\n";
        if (sql.empty()) return;
        if (dice_.chance(20)) sql = "SET CONSTRAINTS ALL IMMEDIATE;\n" + sql;
        const bool back = dice_.chance(30);
        const std::string before = state();
        const Names groups = trashed_groups();
        if (!attempt(sql, [&] { lease_.connection().script(sql); })) return;
        check();
        if (!back) return;
        Names made = trashed_groups();
        std::erase_if(made, [&](const auto& group) { return std::ranges::count(groups, group); });
        for (const auto& group : made) {
            const bool restored = attempt("restore " + group, [&] { bin_.restore(group, {}, {}); });
            REQUIRE_MESSAGE(restored, "a restore right after the delete is refused:\n", done_);
        }
        REQUIRE_MESSAGE((state() == before), "a restore right after the delete is not the same:\n",
                        done_);
    }

    // By the id of their first item, newest first.
    Names trashed_groups() {
        return column(
            "SELECT overlay(uuid::text PLACING '00000001' FROM 29) FROM trashd.trash_group "
            "WHERE state = 'trashed' ORDER BY id DESC");
    }

    void remove_hard() {
        const auto row = any_row();
        if (!row) return;
        const bool cascade = dice_.chance(50);
        Names before = live();
        long long total = 0;
        if (!attempt("hard delete " + row->first + " " + list(row->second), [&] {
                total = bin_.impact({"public", row->first}, row->second, cascade).total;
                bin_.remove({"public", row->first}, row->second, {.cascade = cascade, .hard = true},
                            {});
            }))
            return;
        Names after = live(), vanished;
        std::ranges::sort(before);
        std::ranges::sort(after);
        std::ranges::set_difference(before, after, std::back_inserter(vanished));
        REQUIRE(static_cast<long long>(vanished.size()) == total);
        gone_.insert(gone_.end(), vanished.begin(), vanished.end());
    }

    std::vector<trash::Item> items() {
        std::vector<trash::Item> all;
        bin_.list({.limit = 1000}, [&](const trash::Item& item) { all.push_back(item); });
        return all;
    }

    void restore(bool ancestors, bool dry) {
        auto all = items();
        if (all.empty()) return;
        const auto item = dice_.any(all);
        const std::string before = state();
        const bool ok = attempt(
            "restore " + item.table.name + " " + item.object_id +
                (ancestors ? " with ancestors" : "") + (dry ? " dry" : ""),
            [&] { bin_.restore(item.id, {.with_ancestors = ancestors, .dry_run = dry}, {}); });
        if (ok && dry)
            REQUIRE_MESSAGE((state() == before), "a dry run changed something:\n", done_);
    }

    void purge() {
        auto all = items();
        std::erase_if(all, [](const auto& item) { return !item.root; });
        if (all.empty()) return;
        const auto item = dice_.any(all);
        const Names tags = column(
            "SELECT p FROM trashd.item i JOIN trashd.trash_group g ON g.id = i.group_id, "
            "unnest(payload) p "
            "WHERE p ~ '^#[0-9]+#$' AND g.uuid = " +
            schema::literal(item.group_id));
        if (attempt("purge " + item.table.name + " " + item.object_id,
                    [&] { bin_.purge(item.id, {}); })) {
            gone_.insert(gone_.end(), tags.begin(), tags.end());
        }
    }

    void restore_all() {
        for (std::size_t left = items().size(); left > 0;) {
            for (std::size_t i = 0; i < left && !items().empty(); ++i) {
                restore(true, false);
                check();
            }
            const std::size_t now = items().size();
            if (now == left && gone_.empty()) FAIL("what is left cannot be restored:\n" << done_);
            if (now == left) return;
            left = now;
        }
        if (gone_.empty())
            REQUIRE_MESSAGE((copy_of_all_tables(lease_.connection()) == begin_),
                            "not as in the beginning:\n", done_);
    }

    Dice dice_;
    Schema schema_;
    TempDatabase database_;
    schema::Pool pool_;
    trash::Trash bin_;
    schema::Lease lease_;
    Names all_, gone_;
    std::string begin_, done_, script_ = schema_.script();
    bool for_good_, captured_;
    int succeeded_ = 0;
};

unsigned long long setting(const char* name, unsigned long long otherwise) {
    const char* value = std::getenv(name);
    return value ? std::strtoull(value, nullptr, 10) : otherwise;
}

void go_through_rounds(bool captured) {
    const auto first = setting("TRASHD_SEED", 1),
               rounds = setting("TRASHD_ROUNDS", captured ? 12 : 30);
    long long succeeded = 0;
    for (auto seed = first; seed < first + rounds; ++seed) {
        CAPTURE(seed);
        Round round(seed, captured);
        INFO(round.script());
        round.run();
        succeeded += round.succeeded();
    }
    CHECK(succeeded > static_cast<long long>(rounds) * 5);
}

}  // namespace

TEST_CASE("whatever is deleted and restored, every row is in one place and comes back as it was") {
    go_through_rounds(false);
}

TEST_CASE("so it is when others delete, too, and are captured") {
    go_through_rounds(true);
}
