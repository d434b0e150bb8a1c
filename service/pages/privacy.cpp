// What the trash keeps of people, in plain words for these people, made from the configuration. It
// names neither tenants nor hidden columns: anyone may read it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "schema/catalog/catalog.hpp"
#include "schema/text.hpp"
#include "service/api/caller.hpp"
#include "service/api/content_negotiation.hpp"
#include "service/api/context.hpp"
#include "service/api/request.hpp"
#include "service/config/config.hpp"
#include "service/http/request_head.hpp"
#include "service/pages/pages.hpp"

namespace trashd::service {

namespace {

using std::to_string;

// A unit as one and as several; of both languages the words of the page stand beside each other.
struct Unit {
    long long seconds;
    const char *one, *many;
};

// {0} and so on are what the configuration says.
struct Words {
    const char* language;
    std::array<Unit, 5> units;
    const char *ever, *title, *what, *how_long, *kept, *kept_ever, *kept_else, *tenants, *history,
        *history_for, *answers, *who, *anyone, *role, *rows_of_own, *all, *and_word;
    std::array<const char*, kRights.size()> rights;  // in their order; empty: not told here
    const char *never, *omitted, *nothing_omitted, *hidden, *columns_one, *columns_many, *holds,
        *hold_text, *erase, *nothing_personal, *personal, *ask_roles, *erasing, *live, *contact,
        *no_contact;
};

constexpr Words kEnglish = {
    "en",
    {{{31536000, "year", "years"},
      {86400, "day", "days"},
      {3600, "hour", "hours"},
      {60, "minute", "minutes"},
      {1, "second", "seconds"}}},
    "for ever",
    "What is kept when something is deleted",
    "What is deleted here goes into a trash first, with all that hangs on it, so that it can be "
    "brought back. There it lies until it is brought back, deleted for good, or its time is over.",
    "For how long",
    "What is deleted is kept for {0}, and then deleted for good.",
    "What is deleted is kept until somebody deletes it for good.",
    "Of these it is another time:",
    "For some of those whose data lie here it is another time, from {0} to {1}.",
    "That something was deleted, when, by whom and for what reason is written into a history, "
    "which stays. It names rows by their keys, and has none of their other values.",
    "That something was deleted, when, by whom and for what reason is written into a history, "
    "which is kept for {0}, and as long as what it tells of lies in the trash. It names rows by "
    "their keys, and has none of their other values.",
    "Answers of the service to programs are kept for {0} hours, in case a program asks again.",
    "Who may see it",
    "Nobody has to sign in: who reaches the service may do everything. It answers on the computer "
    "that it runs on, and nowhere else.",
    "may {0}",
    "only in rows of their own",
    "everything",
    "and",
    {"", "", "", "see what was deleted", "bring it back", "delete it for good",
     "hold what must not be lost", "erase personal data", "administer the service"},
    "What is not kept, and what is not shown",
    "Of {0} the trash does not keep: {1}.",
    "The trash keeps every column of what is deleted.",
    "Of {0} it keeps {1} that nobody is shown.",
    "one column",
    "{0} columns",
    "What may be kept for longer",
    "What is needed as evidence can be held: as long as a hold is on it, it is neither deleted for "
    "good nor erased, whatever its time. Each hold has a reason, and is written into the history.",
    "How to have it erased",
    "No column is called personal here. What lies in the trash can be deleted for good as a whole.",
    "Of {0} these columns are personal: {1}.",
    "They are erased by: {0}.",
    "An erasure empties these columns in all that hangs on a person's record in the trash, and in "
    "answers that were kept. That it was done is written into the history, without the data.",
    "What is not deleted is not in the trash: it belongs to the application, which has to erase it "
    "itself. Backups of the database keep what was in it when they were made.",
    "Ask: {0}",
    "Ask those who run this service.",
};

constexpr Words kGerman = {
    "de",
    {{{31536000, "Jahr", "Jahre"},
      {86400, "Tag", "Tage"},
      {3600, "Stunde", "Stunden"},
      {60, "Minute", "Minuten"},
      {1, "Sekunde", "Sekunden"}}},
    "unbegrenzt",
    "Was aufbewahrt wird, wenn etwas gelöscht wird",
    "Was hier gelöscht wird, kommt zuerst in einen Papierkorb, mit allem, was daran hängt, damit "
    "es zurückgeholt werden kann. Dort liegt es, bis es zurückgeholt oder endgültig gelöscht "
    "wird oder seine Zeit abgelaufen ist.",
    "Wie lange",
    "Aufbewahrungszeit von Gelöschtem: {0}. Danach wird es endgültig gelöscht.",
    "Gelöschtes wird aufbewahrt, bis es jemand endgültig löscht.",
    "Für Folgendes gilt eine andere Zeit:",
    "Für manche, deren Daten hier liegen, gilt eine andere Zeit, die kürzeste: {0}, die längste: "
    "{1}.",
    "Dass etwas gelöscht wurde, wann, von wem und aus welchem Grund, steht in einem Verlauf, der "
    "bleibt. Er nennt Zeilen mit ihrem Schlüssel und enthält keinen ihrer übrigen Werte.",
    "Dass etwas gelöscht wurde, wann, von wem und aus welchem Grund, steht in einem Verlauf. Er "
    "wird so lange aufbewahrt: {0}, und solange das, wovon er spricht, im Papierkorb liegt. Er "
    "nennt Zeilen mit ihrem Schlüssel und enthält keinen ihrer übrigen Werte.",
    "Antworten des Dienstes an Programme werden {0} Stunden lang aufbewahrt, falls ein Programm "
    "noch einmal fragt.",
    "Wer es sehen darf",
    "Niemand muss sich anmelden: Wer den Dienst erreicht, darf alles. Er antwortet nur auf dem "
    "Rechner, auf dem er läuft.",
    "darf {0}",
    "nur in eigenen Zeilen",
    "alles",
    "und",
    {"", "", "", "Gelöschtes sehen", "es zurückholen", "es endgültig löschen",
     "festhalten, was nicht verloren gehen darf", "personenbezogene Daten tilgen",
     "den Dienst verwalten"},
    "Was nicht aufbewahrt und was nicht gezeigt wird",
    "Von {0} bewahrt der Papierkorb nicht auf: {1}.",
    "Der Papierkorb bewahrt jede Spalte von Gelöschtem auf.",
    "Von {0} bewahrt er {1} auf, ohne dass sie jemandem gezeigt werden.",
    "eine Spalte",
    "{0} Spalten",
    "Was länger aufbewahrt werden kann",
    "Was als Beweis gebraucht wird, kann festgehalten werden: So lange wird es weder endgültig "
    "gelöscht noch getilgt, was auch immer seine Zeit ist. Jedes Festhalten hat einen Grund und "
    "steht im Verlauf.",
    "Wie man es tilgen lässt",
    "Keine Spalte ist hier als personenbezogen bezeichnet. Was im Papierkorb liegt, kann im Ganzen "
    "endgültig gelöscht werden.",
    "Von {0} sind diese Spalten personenbezogen: {1}.",
    "Getilgt werden sie von: {0}.",
    "Eine Tilgung leert diese Spalten in allem, was im Papierkorb am Datensatz einer Person hängt, "
    "und in aufbewahrten Antworten. Dass sie geschehen ist, steht im Verlauf, ohne die Daten.",
    "Was nicht gelöscht ist, liegt nicht im Papierkorb: Es gehört der Anwendung, die es selbst "
    "tilgen muss. Sicherungen der Datenbank enthalten, was darin war, als sie gemacht wurden.",
    "Fragen an: {0}",
    "Fragen Sie die, die diesen Dienst betreiben.",
};

std::string put(const char* text, const std::string& first, const std::string& second = "") {
    return fmt::format(fmt::runtime(text), first, second);
}

std::string paragraph(const std::string& text) {
    return "<p>" + html_of(text) + "\n";
}

std::string list(const std::vector<std::string>& lines) {
    std::string html;
    for (const auto& line : lines) html += "<li>" + html_of(line) + "\n";
    return html.empty() ? "" : "<ul>\n" + html + "</ul>\n";
}

std::string heading(const char* text) {
    return "<h2>" + html_of(text) + "</h2>\n";
}

class PrivacyPage {
  public:
    PrivacyPage(const Words& words, const Config& config, const Resources& resources)
        : words_(words), config_(config), resources_(resources) {}

    std::string html() const {
        const auto body = "<h1>" + html_of(words_.title) + "</h1>\n" + paragraph(words_.what) +
                          how_long() + who() + not_kept() + heading(words_.holds) +
                          paragraph(words_.hold_text) + erasure();
        return html_page(words_.title, body, words_.language);
    }

  private:
    // In the largest unit that gives a whole number.
    std::string length(const Keep& keep) const {
        if (!keep.seconds) return words_.ever;
        for (const auto& [seconds, one, many] : words_.units)
            if (*keep.seconds % seconds == 0) {
                const auto count = *keep.seconds / seconds;
                return to_string(count) + " " + (count == 1 ? one : many);
            }
        return words_.ever;
    }

    std::string how_long() const {
        const auto& general = config_.retention.keep;
        auto html =
            heading(words_.how_long) + paragraph(general.seconds ? put(words_.kept, length(general))
                                                                 : std::string(words_.kept_ever));
        std::vector<std::string> others;
        for (const auto& resource : config_.resources)
            if (resource.keep) others.push_back(name_of(resource) + ": " + length(*resource.keep));
        if (!others.empty()) html += paragraph(words_.kept_else) + list(others);
        const auto& history = config_.retention.history;
        const auto told = history.seconds ? put(words_.history_for, length(history))
                                          : std::string(words_.history);
        return html + of_tenants() + paragraph(told) +
               paragraph(put(words_.answers, to_string(config_.idempotency_hours)));
    }

    // Who they are is nobody's business.
    std::string of_tenants() const {
        std::vector<Keep> keeps;
        for (const auto& [name, keep] : config_.retention.tenants) keeps.push_back(keep);
        if (keeps.empty()) return "";
        const auto [least, most] = std::ranges::minmax(keeps, {}, [](const Keep& keep) {
            return keep.seconds.value_or(std::numeric_limits<long long>::max());
        });
        return paragraph(put(words_.tenants, length(least), length(most)));
    }

    std::string name_of(const ResourceConfig& resource) const {
        return resources_.path_of(resource.table);
    }

    std::string who() const {
        auto html = heading(words_.who);
        if (!config_.credentials.configured()) return html + paragraph(words_.anyone);
        std::vector<std::string> lines;
        for (const auto& [name, role] : config_.roles)
            if (const auto may = what_may(role); !may.empty())
                lines.push_back(name + ": " + put(words_.role, may));
        return html + list(lines);
    }

    // Of rights on what was deleted, each with where it holds; empty: none.
    std::string what_may(const Role& role) const {
        std::vector<std::string> all;
        for (std::size_t n = 0; n < kRights.size(); ++n) {
            const auto granted = role.grants.find(kRights[n]);
            if (granted == role.grants.end() || !*words_.rights[n]) continue;
            all.push_back(words_.rights[n] + scope_of(granted->second));
        }
        if (all.empty()) return "";
        auto last = std::move(all.back());
        all.pop_back();
        auto text =
            all.empty() ? last : schema::join(all, ", ") + " " + words_.and_word + " " + last;
        return role.owner.empty() ? text : text + ", " + words_.rows_of_own;
    }

    static std::string scope_of(const std::vector<ResourcePattern>& patterns) {
        std::vector<std::string> names;
        for (const auto& pattern : patterns) {
            if (pattern.everything()) return "";
            names.push_back(pattern.text());
        }
        return " (" + schema::join(names, ", ") + ")";
    }

    std::string not_kept() const {
        auto html = heading(words_.never);
        std::vector<std::string> lines;
        for (const auto& resource : config_.resources)
            if (!resource.omit.empty())
                lines.push_back(
                    put(words_.omitted, name_of(resource), schema::join(resource.omit, ", ")));
        if (lines.empty()) html += paragraph(words_.nothing_omitted);
        for (const auto& resource : config_.resources)
            if (const auto count = resource.hidden.size(); count > 0)
                lines.push_back(put(
                    words_.hidden, name_of(resource),
                    count == 1 ? words_.columns_one : put(words_.columns_many, to_string(count))));
        return html + list(lines);
    }

    std::string erasure() const {
        auto html = heading(words_.erase);
        std::vector<std::string> lines;
        for (const auto& resource : config_.resources)
            if (!resource.personal.empty())
                lines.push_back(
                    put(words_.personal, name_of(resource), schema::join(resource.personal, ", ")));
        html += lines.empty() ? paragraph(words_.nothing_personal)
                              : list(lines) + paragraph(words_.erasing) + erasers();
        html += paragraph(words_.live);
        const auto& contact = config_.privacy.contact;
        return html + paragraph(contact.empty() ? std::string(words_.no_contact)
                                                : put(words_.contact, contact));
    }

    std::string erasers() const {
        std::vector<std::string> names;
        for (const auto& [name, role] : config_.roles)
            if (role.grants.contains(Right::kErase)) names.push_back(name);
        return names.empty() ? "" : paragraph(put(words_.ask_roles, schema::join(names, ", ")));
    }

    const Words& words_;
    const Config& config_;
    const Resources& resources_;
};

// The language liked best among those that the header names; English where it likes both.
bool prefers_german(const Request& request) {
    const auto accepted = request.headers("Accept-Language");
    double german = 0, english = 0;
    for (const auto& value : accepted)
        for (const auto& entry : list_of(value)) {
            const auto tag = lower_case(entry.substr(0, entry.find_first_of("; ")));
            const auto language = tag.substr(0, tag.find('-'));
            const auto weight = weight_of(accepted, tag);
            if (language == "de") german = std::max(german, weight);
            if (language == "en") english = std::max(english, weight);
        }
    return german > english;
}

}  // namespace

Response privacy(const Request& request, const Caller&, const Context& context) {
    const auto& words = prefers_german(request) ? kGerman : kEnglish;
    auto reply =
        fixed_reply(request, PrivacyPage(words, *context.config, *context.resources).html(),
                    "text/html; charset=utf-8");
    reply.headers.emplace_back("Content-Language", words.language);
    reply.headers.emplace_back("Vary", "Accept-Language");
    return reply;
}

}  // namespace trashd::service
