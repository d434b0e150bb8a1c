// The real program while it, or its server, is killed: nothing gets lost, what was answered holds,
// undone or not,
// and the service goes on by itself. TRASHD_KILLS sets the number of rounds.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <httplib.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <thread>

#include "schema/session/cluster.hpp"
#include "tests/support/database.hpp"

using namespace trashd;
using namespace trashd::test;

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kClients = 4, kProjects = 48, kTasks = 10;
constexpr auto kBackWithin = std::chrono::seconds(10);

constexpr const char* kSchema = R"(
CREATE TABLE project (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE task (id int PRIMARY KEY, project_id int NOT NULL REFERENCES project ON DELETE CASCADE);
CREATE TABLE bookmark (id int PRIMARY KEY, task_id int REFERENCES task ON DELETE SET NULL);
CREATE INDEX ON task (project_id); CREATE INDEX ON bookmark (task_id);
)";

void pause(int count) {
    std::this_thread::sleep_for(milliseconds(count));
}

struct Folder {
    Folder() {
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    }
    ~Folder() {
        std::error_code none;
        std::filesystem::remove_all(name, none);
    }
    std::string name = "/tmp/trashd-kill-XXXXXX";
};

// The service on a port that it keeps, for the clients' sake, when it is started again.
class Service {
  public:
    Service(std::string database, std::string folder)
        : database_(std::move(database)), log_(folder + "/service.log") {
        std::ofstream(folder + "/trashd.toml") << "\n";
        config_ = folder + "/trashd.toml";
        start();
    }
    ~Service() { end(SIGTERM); }
    void start();
    void end(int signal) {
        if (child_ < 0) return;
        ::kill(child_, signal);
        waitpid(child_, nullptr, 0);
        child_ = -1;
    }
    int port() const { return port_; }
    bool alive() const { return child_ > 0 && waitpid(child_, nullptr, WNOHANG) == 0; }
    std::string log() const {
        std::ifstream in(log_);
        return {std::istreambuf_iterator<char>(in), {}};
    }

  private:
    std::string database_, log_, config_;
    std::atomic<int> port_ = 0;
    pid_t child_ = -1;
};

void Service::start() {
    std::string listen = "127.0.0.1:" + std::to_string(port_), program = TRASHD_BINARY;
    std::vector<std::string> words = {program,      "serve",   "--listen", listen,
                                      "--database", database_, "--config", config_};
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const int log = open(log_.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    child_ = fork();
    if (child_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(log, 1);
        dup2(log, 2);
        execv(argv[0], argv.data());
        _exit(127);
    }
    close(log);
    const std::string mark = "listening on 127.0.0.1:";
    for (const auto until = Clock::now() + kBackWithin; Clock::now() < until; pause(10)) {
        const std::string text = this->log();
        const auto at = text.find(mark);
        if (at != text.npos && text.find('\n', at) != text.npos) {
            port_ = std::stoi(text.substr(at + mark.size()));
            return;
        }
        if (!alive()) break;
    }
    throw std::runtime_error("the service did not start:\n" + this->log());
}

// What its client knows of a project.
struct Known {
    enum { kLive, kTrashed, kUnknown } state = kLive;
    std::string item = {};  // its address in the trash, where it came from
    std::string undo = {};  // where what was done last is undone
};

std::string undo_in(const httplib::Response& answer) {
    const auto link = answer.get_header_value("Link");
    if (link.starts_with("<")) return link.substr(1, link.find('>') - 1);
    const std::string mark = "\"undo\":{\"href\":\"";
    const auto at = answer.body.find(mark);
    if (at == std::string::npos) return "";
    const auto begin = at + mark.size();
    return answer.body.substr(begin, answer.body.find('"', begin) - begin);
}

class Siege {
  public:
    Siege();
    ~Siege();
    void besiege(int length);  // milliseconds of requests without a kill
    void kill_service();
    void kill_server();
    void check();  // with the clients at rest
    std::string figures() const;

  private:
    void client(int number);
    void ask(httplib::Client& client, int project, bool undoing);
    void rest();
    void serves_again(Clock::time_point since);
    void fault(const std::string& what) {
        std::lock_guard<std::mutex> lock(mutex_);
        faults_.push_back(what);
    }

    Folder folder_;
    schema::Cluster cluster_{folder_.name};
    std::optional<Service> service_;
    std::vector<Known> known_ = std::vector<Known>(kProjects + 1);
    std::mutex mutex_;
    std::vector<std::string> faults_;
    std::atomic<bool> go_ = false, over_ = false;
    std::atomic<int> at_work_ = 0;
    std::atomic<long long> deletes_ = 0, restores_ = 0, undos_ = 0, unanswered_ = 0, refused_ = 0;
    long long kills_ = 0, slowest_ = 0;
    std::vector<std::thread> clients_;
};

Siege::Siege() {
    TestConnection sql(cluster_.url());
    sql->script(kSchema);
    sql->exec("INSERT INTO project SELECT i, 'p' FROM generate_series(1, $1::int) i",
              {std::to_string(kProjects)});
    sql->exec(
        "INSERT INTO task SELECT i, 1 + i % $1::int FROM generate_series(1, $1::int * $2::int) i",
        {std::to_string(kProjects), std::to_string(kTasks)});
    sql->exec("INSERT INTO bookmark SELECT id, id FROM task");
    service_.emplace(cluster_.url(), folder_.name);
    for (int i = 0; i < kClients; ++i) clients_.emplace_back([this, i] { client(i); });
}

Siege::~Siege() {
    over_ = true;
    for (auto& one : clients_) one.join();
    service_.reset();
}

void Siege::client(int number) {
    std::minstd_rand random(static_cast<unsigned>(number + 1));
    std::optional<httplib::Client> to;
    int port = 0;
    while (!over_) {
        ++at_work_;
        if (!go_) {
            --at_work_;
            pause(2);
            continue;
        }
        if (port != service_->port()) {
            port = service_->port();
            to.emplace("127.0.0.1", port);
            to->set_keep_alive(true);
            to->set_read_timeout(40);
        }
        // Of its own projects only, the last of which is for asking whether the service is back.
        const int own = static_cast<int>(random() % (kProjects / kClients));
        const int project = 1 + number + own * kClients;
        if (project != kProjects) ask(*to, project, random() % 2 == 0);
        --at_work_;
    }
}

// By a delete or a restore, or by undoing the other.
void Siege::ask(httplib::Client& to, int project, bool undoing) {
    Known& known = known_[static_cast<std::size_t>(project)];
    if (known.state == Known::kUnknown) return pause(1);
    const bool remove = known.state == Known::kLive;
    if (known.undo.empty()) undoing = false;
    const auto answer = undoing  ? to.Post(known.undo, "", "application/json")
                        : remove ? to.Delete("/v1/project/" + std::to_string(project))
                                 : to.Post(known.item + "/$restore", "", "application/json");
    if (!answer || answer->status >= 500) {
        ++(answer ? refused_ : unanswered_);
        known.state = Known::kUnknown;
        if (answer && answer->status != 503) {
            fault(std::to_string(answer->status) + " " + answer->body);
        }
        return;
    }
    if (answer->status != (remove && !undoing ? 204 : 200)) {
        fault((undoing  ? "undo: "
               : remove ? "delete: "
                        : "restore: ") +
              std::to_string(answer->status) + " " + answer->body);
        known.state = Known::kUnknown;
        return;
    }
    ++(undoing ? undos_ : remove ? deletes_ : restores_);
    known.state = remove ? Known::kTrashed : Known::kLive;
    known.undo = undo_in(*answer);
    if (remove && !undoing) known.item = answer->get_header_value("Location");
}

void Siege::rest() {
    go_ = false;
    while (at_work_ > 0) pause(2);
}

void Siege::besiege(int length) {
    go_ = true;
    pause(length);
}

void Siege::kill_service() {
    service_->end(SIGKILL);
    ++kills_;
    pause(100);
    service_->start();
    serves_again(Clock::now());
}

void Siege::kill_server() {
    cluster_.kill_immediately();
    ++kills_;
    pause(100);
    cluster_.start();
    serves_again(Clock::now());
}

void Siege::serves_again(Clock::time_point since) {
    const std::string address = "/v1/project/" + std::to_string(kProjects);
    Known& known = known_[kProjects];
    for (; Clock::now() < since + kBackWithin; pause(20)) {
        httplib::Client to("127.0.0.1", service_->port());
        auto answer = to.Delete(address);
        if (!answer || answer->status != 204) continue;
        known = {Known::kTrashed, answer->get_header_value("Location")};
        answer = to.Post(known.item + "/$restore", "", "application/json");
        if (!answer || answer->status != 200) {
            known.state = Known::kUnknown;
            continue;
        }
        known = {};
        const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - since).count();
        slowest_ = std::max<long long>(slowest_, took);
        return;
    }
    fault("the service does not serve again; its log: " + service_->log());
}

void Siege::check() {
    rest();
    TestConnection sql(cluster_.url());
    // A killed service's last statements may still run.
    while (
        sql.value("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND "
                  "pid <> pg_backend_pid() AND datname = current_database() AND state <> 'idle'") !=
        "0")
        pause(10);
    const std::string places =
        "(SELECT 'project' AS t, id FROM project UNION ALL SELECT 'task', id FROM task UNION ALL "
        "SELECT 'bookmark', id "
        "FROM bookmark UNION ALL SELECT s.table_name, i.object_id::int FROM trashd.item i JOIN "
        "trashd.shape s ON "
        "s.id = i.shape) p";
    const int all = kProjects + 2 * kProjects * kTasks;
    CHECK(sql.value("SELECT count(*) FROM " + places) == std::to_string(all));
    CHECK(sql.value("SELECT count(DISTINCT (t, id)) FROM " + places) == std::to_string(all));
    // Whole groups only, and each reference either live or noted.
    CHECK(sql.value("SELECT count(*) FROM trashd.trash_group WHERE state = 'trashed' AND size <> " +
                    std::to_string(1 + kTasks)) == "0");
    CHECK(sql.value("SELECT (SELECT count(*) FROM bookmark WHERE task_id = id) + (SELECT count(*) "
                    "FROM trashd.link)") == std::to_string(kProjects * kTasks));
    CHECK(sql.value("SELECT count(*) FROM bookmark WHERE task_id <> id") == "0");
    const auto found = sql->exec(
        "SELECT root_object, overlay(uuid::text PLACING '00000001' FROM 29) FROM "
        "trashd.trash_group WHERE state = 'trashed'");
    std::map<std::string, std::string> trashed;
    for (int row = 0; row < found.rows(); ++row) {
        trashed[std::string(found.text(row, 0))] = "/v1/trash/" + std::string(found.text(row, 1));
    }
    for (int project = 1; project <= kProjects; ++project) {
        Known& known = known_[static_cast<std::size_t>(project)];
        const auto at = trashed.find(std::to_string(project));
        const Known now = at == trashed.end() ? Known{} : Known{Known::kTrashed, at->second};
        const bool lies_there = now.state == Known::kTrashed;
        if (known.state != Known::kUnknown &&
            (known.state != now.state || (lies_there && known.item != now.item))) {
            fault("what was answered is not so: " + std::to_string(project));
        }
        known = now;
    }
    CHECK(service_->alive());
    std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& one : faults_) MESSAGE(one);
    CHECK(faults_.empty());
}

std::string Siege::figures() const {
    return std::to_string(kills_) + " kills, " + std::to_string(deletes_) + " deletes, " +
           std::to_string(restores_) + " restores, " + std::to_string(undos_) + " undos, " +
           std::to_string(unanswered_) + " unanswered, " + std::to_string(refused_) +
           " refused with 5xx, back after at most " + std::to_string(slowest_) + " ms";
}

}  // namespace

TEST_CASE("kills of the service and of its server lose nothing, and it goes on by itself") {
    const char* given = std::getenv("TRASHD_KILLS");
    const int rounds = given ? std::atoi(given) : 6;
    Siege siege;
    std::minstd_rand random(7);
    for (int round = 0; round < rounds; ++round) {
        siege.besiege(300 + static_cast<int>(random() % 700));
        round % 2 == 0 ? siege.kill_service() : siege.kill_server();
        siege.besiege(200);
        siege.check();
    }
    if (given) MESSAGE(siege.figures());
}
