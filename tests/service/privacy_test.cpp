// GET /privacy says in plain words what the configuration says, to anyone, in English or German.
#include <doctest/doctest.h>

#include "tests/support/served_database.hpp"

using namespace trashd::test;

namespace {

const char* kSchema = R"(
CREATE TABLE client (id int PRIMARY KEY, tenant_id text, name text, email text, token text, secret text, pin text);
CREATE TABLE visit (id int PRIMARY KEY, tenant_id text, guest text, secret text);
)";
const char* kConfig = R"(
[privacy]
contact = "privacy@example.org"
[credentials]
api_keys = true
[tenant]
column = "tenant_id"
[retention]
keep = "30d"
[retention.tenants]
acme = "1y"
bolt = "36h"
[roles]
support = ["read", "view-trash", "restore"]
legal = { hold = "*", erase = "*", view-trash = ["client", "time/*"] }
owners = { "*" = "*", owner = "id" }
writers = ["read", "write", "trash"]
[[resource]]
table = "client"
path = "crm/clients"
keep = "1h"
personal = ["name", "email"]
omit = ["token"]
hidden = ["secret", "pin"]
[[resource]]
table = "visit"
personal = ["guest"]
hidden = ["secret"]
keep = "forever"
)";

const char* kEnglish = R"(<h1>What is kept when something is deleted</h1>
<p>What is deleted here goes into a trash first, with all that hangs on it, so that it can be brought back. There it lies until it is brought back, deleted for good, or its time is over.
<h2>For how long</h2>
<p>What is deleted is kept for 30 days, and then deleted for good.
<p>Of these it is another time:
<ul>
<li>crm/clients: 1 hour
<li>visit: for ever
</ul>
<p>For some of those whose data lie here it is another time, from 36 hours to 1 year.
<p>That something was deleted, when, by whom and for what reason is written into a history, which stays. It names rows by their keys, and has none of their other values.
<p>Answers of the service to programs are kept for 24 hours, in case a program asks again.
<h2>Who may see it</h2>
<ul>
<li>legal: may see what was deleted (client, time/*), hold what must not be lost and erase personal data
<li>owners: may see what was deleted, bring it back, delete it for good, hold what must not be lost, erase personal data and administer the service, only in rows of their own
<li>support: may see what was deleted and bring it back
</ul>
<h2>What is not kept, and what is not shown</h2>
<ul>
<li>Of crm/clients the trash does not keep: token.
<li>Of crm/clients it keeps 2 columns that nobody is shown.
<li>Of visit it keeps one column that nobody is shown.
</ul>
<h2>What may be kept for longer</h2>
<p>What is needed as evidence can be held: as long as a hold is on it, it is neither deleted for good nor erased, whatever its time. Each hold has a reason, and is written into the history.
<h2>How to have it erased</h2>
<ul>
<li>Of crm/clients these columns are personal: name, email.
<li>Of visit these columns are personal: guest.
</ul>
<p>An erasure empties these columns in all that hangs on a person&#39;s record in the trash, and in answers that were kept. That it was done is written into the history, without the data.
<p>They are erased by: legal, owners.
<p>What is not deleted is not in the trash: it belongs to the application, which has to erase it itself. Backups of the database keep what was in it when they were made.
<p>Ask: privacy@example.org
</html>
)";

const char* kGerman = R"(<h1>Was aufbewahrt wird, wenn etwas gelöscht wird</h1>
<p>Was hier gelöscht wird, kommt zuerst in einen Papierkorb, mit allem, was daran hängt, damit es zurückgeholt werden kann. Dort liegt es, bis es zurückgeholt oder endgültig gelöscht wird oder seine Zeit abgelaufen ist.
<h2>Wie lange</h2>
<p>Aufbewahrungszeit von Gelöschtem: 30 Tage. Danach wird es endgültig gelöscht.
<p>Für Folgendes gilt eine andere Zeit:
<ul>
<li>crm/clients: 1 Stunde
<li>visit: unbegrenzt
</ul>
<p>Für manche, deren Daten hier liegen, gilt eine andere Zeit, die kürzeste: 36 Stunden, die längste: 1 Jahr.
<p>Dass etwas gelöscht wurde, wann, von wem und aus welchem Grund, steht in einem Verlauf, der bleibt. Er nennt Zeilen mit ihrem Schlüssel und enthält keinen ihrer übrigen Werte.
<p>Antworten des Dienstes an Programme werden 24 Stunden lang aufbewahrt, falls ein Programm noch einmal fragt.
<h2>Wer es sehen darf</h2>
<ul>
<li>legal: darf Gelöschtes sehen (client, time/*), festhalten, was nicht verloren gehen darf und personenbezogene Daten tilgen
<li>owners: darf Gelöschtes sehen, es zurückholen, es endgültig löschen, festhalten, was nicht verloren gehen darf, personenbezogene Daten tilgen und den Dienst verwalten, nur in eigenen Zeilen
<li>support: darf Gelöschtes sehen und es zurückholen
</ul>
<h2>Was nicht aufbewahrt und was nicht gezeigt wird</h2>
<ul>
<li>Von crm/clients bewahrt der Papierkorb nicht auf: token.
<li>Von crm/clients bewahrt er 2 Spalten auf, ohne dass sie jemandem gezeigt werden.
<li>Von visit bewahrt er eine Spalte auf, ohne dass sie jemandem gezeigt werden.
</ul>
<h2>Was länger aufbewahrt werden kann</h2>
<p>Was als Beweis gebraucht wird, kann festgehalten werden: So lange wird es weder endgültig gelöscht noch getilgt, was auch immer seine Zeit ist. Jedes Festhalten hat einen Grund und steht im Verlauf.
<h2>Wie man es tilgen lässt</h2>
<ul>
<li>Von crm/clients sind diese Spalten personenbezogen: name, email.
<li>Von visit sind diese Spalten personenbezogen: guest.
</ul>
<p>Eine Tilgung leert diese Spalten in allem, was im Papierkorb am Datensatz einer Person hängt, und in aufbewahrten Antworten. Dass sie geschehen ist, steht im Verlauf, ohne die Daten.
<p>Getilgt werden sie von: legal, owners.
<p>Was nicht gelöscht ist, liegt nicht im Papierkorb: Es gehört der Anwendung, die es selbst tilgen muss. Sicherungen der Datenbank enthalten, was darin war, als sie gemacht wurden.
<p>Fragen an: privacy@example.org
</html>
)";

std::string shown(const Answer& answer) {
    const auto at = answer.body.find("<h1>");
    return at == answer.body.npos ? answer.body : answer.body.substr(at);
}

}  // namespace

TEST_CASE("/privacy says in English and in German what is kept, for how long, and who may see it") {
    ServedDatabase call(kSchema, kConfig);
    const auto in = [&](const std::string& languages) {
        return call("GET", "/privacy", "", {{"Accept-Language", languages}});
    };
    const auto english = call("GET", "/privacy");
    CHECK(english.status == 200);
    CHECK(english.header("Content-Type") == "text/html; charset=utf-8");
    CHECK(english.header("Content-Language") == "en");
    CHECK(english.body.starts_with("<!DOCTYPE html>\n<html lang=\"en\">\n"));
    CHECK(english.body.find("<script") == english.body.npos);
    CHECK(english.header("Content-Security-Policy").starts_with("default-src 'none'"));
    CHECK(shown(english) == kEnglish);
    const auto german = in("de-AT, en;q=0.5");
    CHECK(german.header("Content-Language") == "de");
    CHECK(german.body.starts_with("<!DOCTYPE html>\n<html lang=\"de\">\n"));
    CHECK(shown(german) == kGerman);
    for (const char* languages : {"en-GB, de;q=0.9", "fr", "de;q=0", "en, de", "*", "x;;,"})
        CHECK(shown(in(languages)) == kEnglish);
    for (const char* languages : {"de", "DE-de", "fr, de;q=0.3, en;q=0.2"})
        CHECK(shown(in(languages)) == kGerman);
    const auto again = call("GET", "/privacy", "", {{"If-None-Match", english.header("ETag")}});
    CHECK(again.status == 304);
}

TEST_CASE("/privacy without a configuration says that all is kept until it is deleted for good") {
    ServedDatabase call("CREATE TABLE client (id int PRIMARY KEY)");
    const auto page = call("GET", "/privacy").body;
    for (const char* says :
         {"<p>What is deleted is kept until somebody deletes it for good.\n",
          "<p>Nobody has to sign in: who reaches the service may do everything. It answers on the "
          "computer that it runs on, and nowhere else.\n",
          "<p>The trash keeps every column of what is deleted.\n",
          "<p>No column is called personal here. What lies in the trash can be deleted for good as "
          "a whole.\n",
          "<p>Ask those who run this service.\n"}) {
        CAPTURE(says);
        CHECK(page.find(says) != page.npos);
    }
    CHECK(page.find("<ul>") == page.npos);
}

TEST_CASE("/privacy says how long the history is kept") {
    ServedDatabase call("CREATE TABLE client (id int PRIMARY KEY)",
                        "[retention]\nhistory = \"2y\"\n");
    CHECK(
        call("GET", "/privacy").body.find("a history, which is kept for 2 years, and as long as") !=
        std::string::npos);
    CHECK(call("GET", "/privacy", "", {{"Accept-Language", "de"}})
              .body.find("wird so lange aufbewahrt: 2 Jahre, und") != std::string::npos);
}

TEST_CASE("names that look like HTML stay words on /privacy") {
    ServedDatabase call(
        R"(CREATE TABLE "<b>" (id int PRIMARY KEY, "</p><script>alert(1)</script>" text))",
        R"(
[privacy]
contact = "<img src=x onerror=alert(1)> {0} & \"you\""
[credentials]
api_keys = true
[roles]
"<i>{1}</i>" = ["erase", "view-trash"]
[[resource]]
table = "<b>"
personal = ["</p><script>alert(1)</script>"]
)");
    const auto page = call("GET", "/privacy");
    CHECK(page.status == 200);
    const auto body = shown(page);
    for (const char* raw : {"<b>", "<i>", "<script", "<img"}) CHECK(body.find(raw) == body.npos);
    CHECK(body.find("&lt;img src=x onerror=alert(1)&gt; {0} &amp; &quot;you&quot;") != body.npos);
    CHECK(
        body.find("<li>&lt;i&gt;{1}&lt;/i&gt;: may see what was deleted and erase personal data") !=
        body.npos);
    CHECK(body.find("&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt;") != body.npos);
}
