// Deletes a row with all that hangs on it, looks at it in the trash, and takes it back: what trashd
// does, without HTTP and without a service. docs/library.md explains it.
//
// Usage: take_back CONNECTION-STRING TABLE KEY. Exit status 1 where the database or the trash
// refused.
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

#include "schema/error.hpp"
#include "schema/session/pool.hpp"
#include "trash/model/actor.hpp"
#include "trash/model/errors.hpp"
#include "trash/model/options.hpp"
#include "trash/trash.hpp"

namespace {

using trashd::trash::Actor;
using trashd::trash::Trash;

void take_back(Trash& trash, const std::string& table, const std::string& key) {
    const Actor actor{.by = "take_back", .reason = "an example"};

    const auto deleted = trash.remove({"public", table}, {key}, {}, actor);
    std::printf("deleted %lld rows\n", deleted.rows);

    const auto item = trash.item(deleted.item->id, true);
    std::printf("in the trash: %s, by %s\n", item.object->c_str(), item.deleted_by.c_str());

    const auto restored = trash.restore(item.id, {}, actor);
    std::printf("restored %lld rows\n", restored.restored);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: take_back CONNECTION-STRING TABLE KEY\n");
        return 2;
    }
    try {
        trashd::schema::Pool pool(argv[1], 2);
        Trash trash(pool);  // makes the schema "trashd" where it is not there
        take_back(trash, argv[2], argv[3]);
        return 0;
    } catch (const trashd::trash::Blocked& error) {
        std::fprintf(stderr, "%s\n", error.what());
        for (const auto& blocker : error.impact.blockers)
            std::fprintf(stderr, "  %lld rows of %s by %s\n", blocker.count,
                         blocker.table.name.c_str(), blocker.constraint.c_str());
    } catch (const trashd::Error& error) {
        const auto code = std::string(trashd::code_name(error.code()));
        std::fprintf(stderr, "%s: %s\n", code.c_str(), trashd::in_log(error).c_str());
    }
    return 1;
}
