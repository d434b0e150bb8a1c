// What a restore would do, as a hash: who has seen a dry run can have exactly that done, or
// nothing. Of what differs from one run to the next although nothing has changed (keys that the
// database makes, times that triggers write) only that it is there goes into it.
#include <openssl/sha.h>

#include <array>

#include "schema/catalog/value.hpp"
#include "schema/text.hpp"
#include "trash/insert/links.hpp"
#include "trash/model/options.hpp"
#include "trash/restore/choices.hpp"
#include "trash/restore/steps.hpp"
#include "trash/store/item_id.hpp"

namespace trashd::trash {
namespace {

using std::to_string;
using Words = std::vector<schema::Param>;

// Lines of words; what is between two words is not in any of them.
class Account {
  public:
    void line(const Words& words) { text_ += schema::array_literal(words) + "\n"; }

    template <class Values>
    static std::string list(const Values& values) {
        Words words;
        for (const auto& value : values) words.emplace_back(value);
        return schema::array_literal(words);
    }

    std::string digest() const {
        std::array<unsigned char, SHA256_DIGEST_LENGTH> hash;
        SHA256(reinterpret_cast<const unsigned char*>(text_.data()), text_.size(), hash.data());
        std::string out;
        for (const unsigned char byte : hash) {
            out += "0123456789abcdef"[byte >> 4];
            out += "0123456789abcdef"[byte & 15];
        }
        return out;
    }

  private:
    std::string text_;
};

void add_table(Words& words, const schema::QualifiedName& table) {
    words.emplace_back(table.schema);
    words.emplace_back(table.name);
}

Words of_row(const std::string& what, const schema::QualifiedName& table, const std::string& id) {
    Words words = {what};
    add_table(words, table);
    words.emplace_back(id);
    return words;
}

void add_choices(Account& account, const RestoreOptions& options) {
    const auto& choices = options.choices;
    account.line({"choices", word_of(choices.otherwise), options.with_ancestors ? "t" : "f",
                  options.lossy ? "t" : "f"});
    for (const auto& answer : choices.resolve) {
        auto words = of_row("resolve", answer.member.table, answer.member.id);
        words.emplace_back(answer.constraint);
        words.emplace_back(word_of(answer.choice));
        account.line(words);
    }
    for (const auto& given : choices.set) {
        auto words = of_row("set", given.member.table, given.member.id);
        words.emplace_back(given.json);
        account.line(words);
    }
    if (choices.copy) account.line({"copy"});
    if (choices.only) account.line({"only", Account::list(*choices.only)});
}

void add_groups(Account& account, const RestoreContext& restoring) {
    const auto& groups =
        restoring.chosen.groups.empty() ? restoring.groups : restoring.chosen.groups;
    for (const auto& group : groups) {
        std::vector<std::string> counts;
        for (const auto count : group.counts) counts.push_back(to_string(count));
        account.line({"group", group.uuid, to_string(group.links), Account::list(counts)});
    }
}

void add_rows(Account& account, const Restored& result) {
    for (const auto& row : result.altered) {
        auto words = of_row("altered", row.table, row.id);
        words.emplace_back(Account::list(row.columns));
        account.line(words);
    }
    for (const auto& row : result.lost) {
        auto words = of_row("lost", row.table, row.id);
        words.insert(words.end(), {row.column, row.value});
        account.line(words);
    }
    for (const auto& row : result.detached) {
        auto words = of_row("detached", row.table, row.id);
        words.insert(words.end(), {row.constraint, Account::list(row.values)});
        account.line(words);
    }
    for (const auto& row : result.changed) {
        auto words = of_row("changed", row.table, row.id);
        words.insert(words.end(), {row.was, row.is});
        account.line(words);
    }
}

void add_copied(Account& account, const Restored& result) {
    for (const auto& row : result.copied) account.line(of_row("copied", row.table, row.from));
}

void add_counts(Account& account, const Restored& result) {
    account.line({"restored", to_string(result.restored), to_string(result.relinked),
                  to_string(result.not_relinked), to_string(result.left)});
    const auto count = [&](const char* what, const TableCount& one) {
        auto words = of_row(what, one.table, "");
        words.emplace_back(to_string(one.count));
        account.line(words);
    };
    for (const auto& one : result.tables) count("rows", one);
    for (const auto& one : result.written) count("written", one);
    for (const auto& one : result.added) count("added", {one.table, one.count});
}

// The rows that went to make room, whatever their group is called.
void add_swapped(Account& account, RestoreContext& restoring) {
    Words uuids;
    for (const auto& row : restoring.result.swapped) {
        account.line(of_row("swapped", row.table, row.id));
        uuids.emplace_back(parse_item_id(row.item).group_id);
    }
    if (uuids.empty()) return;
    const auto found = restoring.transaction.exec(
        schema::filled(R"(SELECT pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashtextextended(
    pg_catalog.format('%s %s %s', s.table_name, i.object_id, i.payload) COLLATE "C", 0))
  FROM {schema}.trash_group g JOIN {schema}.item i ON i.group_id OPERATOR(pg_catalog.=) g.id
    JOIN {schema}.shape s ON s.id OPERATOR(pg_catalog.=) i.shape
  WHERE g.uuid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.uuid[]))",
                       {{"schema", schema::quoted(restoring.trash_schema)}}),
        {schema::array_literal(uuids)});
    account.line({"taken", found.value(0, 0), found.value(0, 1)});
}

constexpr const char* kLiveRows = R"(SELECT pg_catalog.count(*),
    pg_catalog.sum(pg_catalog.hashtextextended(
      pg_catalog.format('%s', t.*) COLLATE "C", 0))
  FROM {schema}.link l JOIN {table} AS t ON {same_row}{and_tenant}
  WHERE {these})";

// Live rows whose references would be set back, as they are.
std::string live_rows(RestoreContext& restoring, const Links& links) {
    const auto& table = *links.shape->table;
    const auto found = restoring.exec(
        schema::filled(kLiveRows, {{"schema", schema::quoted(restoring.trash_schema)},
                                   {"table", schema::relation(table)},
                                   {"same_row", same_row(links)},
                                   {"and_tenant", of_tenant(restoring, table)},
                                   {"these", links.where}}));
    return Account::list(std::vector<schema::Param>{found.value(0, 0), found.value(0, 1)});
}

}  // namespace

bool plans(const RestoreContext& restoring) {
    return restoring.options.dry_run || !restoring.options.if_match.empty();
}

void note_live_rows(RestoreContext& restoring) {
    restoring.live_rows.clear();
    for (const auto& links : links_of(restoring))
        if (can_relink(links) && !links.shape->identity.empty())
            restoring.live_rows.push_back(live_rows(restoring, links));
}

void note_answered(RestoreContext& restoring, const std::vector<Conflict>& conflicts) {
    for (const auto& conflict : conflicts) {
        auto words = of_row(conflict.kind, conflict.table, conflict.id);
        words.insert(words.end(),
                     {conflict.constraint, Account::list(conflict.columns),
                      Account::list(conflict.values), conflict.with_id, conflict.trash_item});
        restoring.answered.insert(schema::array_literal(words));
    }
}

std::string plan_of(RestoreContext& restoring) {
    Account account;
    add_groups(account, restoring);
    add_choices(account, restoring.options);
    add_counts(account, restoring.result);
    add_rows(account, restoring.result);
    add_copied(account, restoring.result);
    add_swapped(account, restoring);
    for (const auto& rows : restoring.live_rows) account.line({"live", rows});
    for (const auto& conflict : restoring.answered) account.line({"conflict", conflict});
    return account.digest();
}

}  // namespace trashd::trash
