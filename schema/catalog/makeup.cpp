// Labels and attributes are matched by number (the label's oid, the attribute's attnum), which
// renames leave alone; in a copy of the database, where the type is another one, by name.
#include "schema/catalog/makeup.hpp"

#include <algorithm>
#include <set>

#include "schema/catalog/catalog.hpp"
#include "schema/identifier.hpp"
#include "schema/session/result.hpp"

namespace trashd::schema {
namespace {

using Part = Makeup::Part;

// What is true of the types inside of one, by number and by name.
using Facts = std::vector<std::pair<std::string, std::string>>;

const Type* find(const Types& types, Oid oid) {
    const auto found = types.find(oid);
    return found == types.end() ? nullptr : &found->second;
}

void add_facts(const Types& types, Oid oid, const std::pair<std::string, std::string>& path,
               Facts& out) {
    const auto* type = find(types, oid);
    if (type == nullptr) return;
    std::string numbers, names;
    for (const auto& part : type->parts) {
        const auto number = std::to_string(part.number);
        if (type->kind == 'e')
            out.emplace_back(path.first + " " + number + " " + part.name,
                             path.second + " " + part.name);
        if (type->kind == 'c') {
            numbers += " " + number + " " + part.type;
            names += " " + quoted(part.name) + " " + part.type;
        }
        add_facts(types, part.type_oid,
                  {path.first + "." + number, path.second + "." + quoted(part.name)}, out);
    }
    if (type->kind == 'c')
        out.emplace_back(path.first + " (" + numbers + ")", path.second + " (" + names + ")");
}

std::string text_of(const Facts& facts) {
    std::vector<Param> out;
    for (const auto& [number, name] : facts) {
        out.emplace_back(number);
        out.emplace_back(name);
    }
    return out.empty() ? "" : array_literal(out);
}

std::string facts_of(const Types& types, Oid type) {
    Facts facts;
    add_facts(types, type, {}, facts);
    return text_of(facts);
}

// By number, or by name.
std::set<std::string> read_facts(const std::string& text, bool by_name) {
    std::set<std::string> out;
    const auto all = parse_array(text);
    for (std::size_t i = by_name ? 1 : 0; i < all.size(); i += 2) out.insert(*all[i]);
    return out;
}

bool still(const std::string& then, const std::string& now, bool by_name) {
    return std::ranges::includes(read_facts(now, by_name), read_facts(then, by_name));
}

const Part* part_in(const Makeup& makeup, const Part& like, bool by_name) {
    const auto found = std::ranges::find_if(makeup.parts, [&](const Part& part) {
        return by_name ? part.name == like.name : part.number == like.number;
    });
    return found == makeup.parts.end() ? nullptr : &*found;
}

void read_labels(const Makeup& then, const Makeup& now, Reading& out) {
    for (const auto& part : then.parts) {
        const auto* label = part_in(now, part, then.type != now.type);
        if (label && label->name != part.written) out.labels[part.written] = label->name;
    }
}

void read_fields(const Makeup& then, const Makeup& now, Reading& out) {
    const bool by_name = then.type != now.type;
    for (const auto& part : now.parts) {
        const auto* field = part_in(then, part, by_name);
        out.fields.push_back(field ? static_cast<int>(field - then.parts.data()) + 1 : 0);
        if (!field) continue;
        out.retyped = out.retyped || field->written != part.written;
        out.doubtful = out.doubtful || !still(field->inner, part.inner, by_name);
    }
    for (std::size_t at = 0; at < then.parts.size(); ++at) {
        const int place = static_cast<int>(at) + 1;
        if (std::ranges::find(out.fields, place) == out.fields.end()) out.dropped.push_back(place);
        out.moved = out.moved || at >= out.fields.size() || out.fields[at] != place;
    }
    out.moved = out.moved || out.fields.size() != then.parts.size();
}

// (n, m): the fields of the text of a composite, as they stand there.
std::string fields_of(const std::string& text) {
    return "pg_catalog.regexp_matches(',' OPERATOR(pg_catalog.||) pg_catalog.substr(" + text +
           ", 2, pg_catalog.length(" + text +
           ") OPERATOR(pg_catalog.-) 2), ',(\"(?:[^\"]|\"\")*\"|[^,]*)', 'g') WITH ORDINALITY "
           "f(m, n)";
}

std::string numbers(const std::vector<int>& all) {
    std::string out;
    for (const int number : all) out += (out.empty() ? "" : ",") + std::to_string(number);
    return "'{" + out + "}'::pg_catalog.int4[]";
}

// Built-in casts that never fail, and make another value than the new type makes of the old one's
// text: blanks at the end of character(n), 't' for true, an address without its /32, 0.1 of four
// bytes. Of the types, or of arrays of them.
bool cast_alters(std::string old, Oid now) {
    const bool array = old.ends_with("[]");
    if (array) old.resize(old.size() - 2);
    const auto is = [&](Oid one, Oid many) { return now == (array ? many : one); };
    if (old == "real") return is(701, 1022);
    const bool to_text = is(25, 1009) || is(1043, 1015);
    return to_text && (old == "boolean" || old == "inet" || old == "cidr" ||
                       old.starts_with("character(") || old == "bpchar");
}

void follow_inner(Part& part, const std::string& now, bool by_name) {
    if (!still(part.inner, now, by_name))
        part.inner = array_literal({std::string("another"), std::string("another")});
    else if (by_name)
        part.inner = now;
}

}  // namespace

std::string Makeup::text() const {
    std::vector<Param> all = {std::to_string(type), std::string(1, kind)};
    for (const auto& part : parts)
        for (const auto& text : {std::to_string(part.number), part.name, part.written, part.inner})
            all.emplace_back(text);
    return array_literal(all);
}

Makeup Makeup::read(const std::string& text) {
    const auto all = parse_array(text);
    Makeup makeup;
    if (all.size() < 2) return makeup;
    makeup.type = static_cast<Oid>(std::stoul(*all[0]));
    makeup.kind = all[1]->at(0);
    for (std::size_t i = 2; i + 3 < all.size(); i += 4)
        makeup.parts.push_back(
            {static_cast<Oid>(std::stoul(*all[i])), *all[i + 1], *all[i + 2], *all[i + 3]});
    return makeup;
}

std::string makeup_of(const Types& types, Oid oid) {
    const auto* type = find(types, oid);
    while (type && type->kind == 'd') type = find(types, oid = type->parts.front().type_oid);
    if (type == nullptr) return "";
    Makeup makeup{oid, type->kind, {}};
    if (type->kind == 'e') {
        for (const auto& part : type->parts)
            makeup.parts.push_back({part.number, part.name, part.name, ""});
    } else if (type->kind == 'c') {
        for (const auto& part : type->parts)
            makeup.parts.push_back(
                {part.number, part.name, part.type, facts_of(types, part.type_oid)});
    } else {
        const auto inner = facts_of(types, oid);
        if (inner.empty()) return "";
        makeup.kind = 'o';
        makeup.parts.push_back({0, "", "", inner});
    }
    return makeup.text();
}

Reading reading_of(const Makeup& then, const Makeup& now) {
    Reading out;
    if (then.parts.empty()) return out;
    if (then.kind != now.kind)
        out.doubtful = true;
    else if (then.kind == 'e')
        read_labels(then, now, out);
    else if (then.kind == 'c')
        read_fields(then, now, out);
    else
        out.doubtful = !still(then.parts[0].inner, now.parts[0].inner, then.type != now.type);
    return out;
}

std::vector<Reading> readings_of(const Table* table, const Written& written) {
    std::vector<Reading> out(written.attnums.size());
    const auto then = parse_array(written.makeup);
    for (std::size_t i = 0; table && i < written.attnums.size(); ++i) {
        const auto* column = table->column(written.attnums[i]);
        if (!column) continue;
        if (i < then.size() && !column->makeup.empty() && !then[i]->empty())
            out[i] = reading_of(Makeup::read(*then[i]), Makeup::read(column->makeup));
        if (cast_alters(written.types[i], column->base_oid)) {
            out[i].from = written.types[i];
            out[i].to = column->value_type;
        }
    }
    return out;
}

namespace {

std::string replaced(const std::map<std::string, std::string>& words, const std::string& text) {
    std::string out = "CASE";
    for (const auto& [from, to] : words)
        out +=
            " WHEN " + text + " OPERATOR(pg_catalog.=) " + literal(from) + " THEN " + literal(to);
    return out + " ELSE " + text + " END";
}

// (number, written): the labels of a makeup; none of one that is no enum's.
std::string labels_of(const std::string& makeup) {
    return "(SELECT m.a[p.at]::pg_catalog.oid AS number, m.a[p.at OPERATOR(pg_catalog.+) 2] AS "
           "written FROM (SELECT NULLIF(" +
           makeup +
           ", '')::pg_catalog.text[] AS a OFFSET 0) m CROSS JOIN LATERAL "
           "pg_catalog.generate_series(3, pg_catalog.cardinality(m.a), 4) p(at) WHERE m.a[2] "
           "OPERATOR(pg_catalog.=) 'e')";
}

}  // namespace

bool is_enum(const Column& column) {
    return !column.makeup.empty() && Makeup::read(column.makeup).kind == 'e';
}

std::string label_today(const std::string& text, const std::string& makeup) {
    return "COALESCE((SELECT now.enumlabel::pg_catalog.text FROM " + labels_of(makeup) +
           " label JOIN pg_catalog.pg_enum now ON now.oid OPERATOR(pg_catalog.=) label.number "
           "WHERE label.written OPERATOR(pg_catalog.=) " +
           text + "), " + text + ")";
}

std::string label_under(const std::string& text, const std::string& makeup,
                        const std::string& other) {
    return "COALESCE((SELECT other.written FROM " + labels_of(makeup) + " label JOIN " +
           labels_of(other) +
           " other ON other.number OPERATOR(pg_catalog.=) label.number WHERE label.written "
           "OPERATOR(pg_catalog.=) " +
           text + "), " + text + ")";
}

std::string read_today(const Reading& reading, const std::string& text) {
    if (reading.moved)
        return "CASE WHEN pg_catalog.num_nulls(" + text +
               ") OPERATOR(pg_catalog.=) 0 THEN (SELECT pg_catalog.concat('(', "
               "pg_catalog.string_agg(COALESCE(f.m[1], ''), ',' ORDER BY p.n), ')') FROM "
               "pg_catalog.unnest(" +
               numbers(reading.fields) + ") WITH ORDINALITY p(place, n) LEFT JOIN " +
               fields_of(text) + " ON f.n OPERATOR(pg_catalog.=) p.place) END";
    if (!reading.from.empty())
        return "CASE WHEN pg_catalog.num_nulls(" + text +
               ") OPERATOR(pg_catalog.=) 0 THEN pg_catalog.format('%s', (" + text +
               ")::" + reading.from + "::" + reading.to + ") END";
    return reading.labels.empty() ? text : replaced(reading.labels, text);
}

std::string write_then(const Reading& reading, const std::string& text) {
    std::map<std::string, std::string> written;
    for (const auto& [then, now] : reading.labels) written[now] = then;
    return written.empty() ? text : replaced(written, text);
}

std::string held_dropped(const Reading& reading, const std::string& text) {
    return "EXISTS (SELECT FROM " + fields_of(text) +
           " WHERE f.m[1] OPERATOR(pg_catalog.<>) '' "
           "AND f.n OPERATOR(pg_catalog.=) ANY (" +
           numbers(reading.dropped) + "))";
}

bool follow(Makeup& then, const Makeup& now) {
    if (then.kind != now.kind) return false;
    const auto before = then.text();
    const bool by_name = then.type != now.type;
    for (auto& part : then.parts) {
        const auto* found = part_in(now, part, by_name);
        if (found) {
            part.number = found->number;
            part.name = found->name;
            follow_inner(part, found->inner, by_name);
        } else if (by_name) {
            part.number = 0;
        }
    }
    then.type = now.type;
    return then.text() != before;
}

}  // namespace trashd::schema
