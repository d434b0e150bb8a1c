// A database whose own triggers run beside deletes and restores.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/support/database.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/model/options.hpp"
#include "trash/model/restored.hpp"
#include "trash/trash.hpp"

namespace trashd::test {

struct Guarded {
    explicit Guarded(const std::string& script)
        : database(script), pool(database.url(), 4), bin(pool), lease(pool.lease()) {}
    void sql(const std::string& text) { lease.connection().script(text); }
    std::string value(const std::string& text) {
        return std::string(lease.connection().exec(text).text(0, 0));
    }
    std::string all() { return copy_of_all_tables(lease.connection()); }
    std::string remove(const std::string& table, const std::string& id) {
        return bin.remove({"public", table}, {id}, {}, {}).item->id;
    }
    trash::Restored restore(const std::string& item, bool dry = false) {
        trash::RestoreOptions options;
        options.dry_run = dry;
        return bin.restore(item, options, {});
    }
    // Of the restore and of its dry run, which changes nothing either.
    std::vector<trash::Conflict> conflicts(const std::string& item) {
        const auto before = all();
        std::vector<trash::Conflict> out;
        for (const bool dry : {true, false}) {
            try {
                restore(item, dry);
                FAIL("restored");
            } catch (const trash::Conflicted& conflicted) {
                out = conflicted.conflicts;
            }
            CHECK((all() == before));
        }
        return out;
    }
    // Deletes and restores the row: all is as before, and nothing else is said.
    void round(const std::string& table, const std::string& id) {
        const auto before = all();
        const auto item = remove(table, id);
        for (const bool dry : {true, false}) {
            const auto restored = restore(item, dry);
            CHECK(restored.altered.empty());
            CHECK(restored.added.empty());
        }
        CHECK((all() == before));
    }

    TempDatabase database;
    schema::Pool pool;
    trash::Trash bin;
    schema::Lease lease;
};

inline std::string trigger(const std::string& name, const std::string& when,
                           const std::string& body) {
    return "CREATE FUNCTION " + name + "() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + body +
           " END $$; CREATE " + (when.find("DEFERRED") == when.npos ? "" : "CONSTRAINT ") +
           "TRIGGER " + name + " " + when + " EXECUTE FUNCTION " + name + "();";
}

}  // namespace trashd::test
