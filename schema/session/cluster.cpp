#include "schema/session/cluster.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "schema/error.hpp"
#include "schema/identifier.hpp"
#include "schema/session/pool.hpp"
#include "schema/subprocess.hpp"

namespace trashd::schema {
namespace {

namespace fs = std::filesystem;

constexpr const char* kServerUser = "postgres";
constexpr auto kStartTimeout = std::chrono::seconds(60);
constexpr auto kAnswerTimeout = std::chrono::seconds(10);
constexpr int kStarts = 3;
constexpr auto kPause = std::chrono::milliseconds(50);

bool has_programs(const fs::path& folder) {
    return access((folder / "initdb").c_str(), X_OK) == 0 &&
           access((folder / "pg_ctl").c_str(), X_OK) == 0;
}

std::vector<std::string> path_folders() {
    const char* path = std::getenv("PATH");
    std::istringstream in(path == nullptr ? "" : path);
    std::vector<std::string> out;
    for (std::string folder; std::getline(in, folder, ':');) out.push_back(folder);
    return out;
}

std::string configured_folder() {
    for (const auto& folder : path_folders()) {
        const auto program = fs::path(folder) / "pg_config";
        if (access(program.c_str(), X_OK) != 0) continue;
        auto out = run_program({program, "--bindir"}).output;
        return out.substr(0, out.find('\n'));
    }
    return "";
}

std::vector<fs::path> packaged_folders() {
    std::vector<std::pair<int, fs::path>> found;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", none)) {
        found.emplace_back(std::atoi(entry.path().filename().c_str()), entry.path() / "bin");
    }
    std::ranges::sort(found, std::greater{});
    std::vector<fs::path> out;
    for (const auto& [version, folder] : found) out.push_back(folder);
    return out;
}

// A socket's address holds 107 bytes, and libpq and the server split lists of paths at commas.
bool fit_for_socket(const std::string& folder) {
    const auto plain = [](unsigned char c) { return std::isalnum(c) || std::strchr("/._-", c); };
    return folder.size() <= 80 && std::ranges::all_of(folder, plain);
}

// The same for every process that opens the same cluster.
std::string socket_folder(const std::string& directory) {
    if (fit_for_socket(directory + "/socket")) return directory + "/socket";
    unsigned long long hash = 14695981039346656037ULL;
    for (const unsigned char c : directory) hash = (hash ^ c) * 1099511628211ULL;
    return fmt::format("/tmp/trashd-{:x}-{}", hash, geteuid());
}

void make_folder(const std::string& folder) {
    fs::create_directories(folder);
    struct stat about {};
    if (lstat(folder.c_str(), &about) != 0 || !S_ISDIR(about.st_mode)) {
        throw Error(Code::kUnavailable, folder + " is not a directory; remove it");
    }
    fs::permissions(folder, fs::perms::owner_all);
    give_to(folder, kServerUser);
}

void write_file(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
    give_to(path, kServerUser);
}

// Who gets to the socket all the same, as through a folder that was opened later, is asked by
// PostgreSQL who he is. Only the user of this process and the server's own are let in, as the
// superuser; over TCP nobody is.
void write_access(const std::string& directory) {
    std::string users = "trashd \"" + user_name() + "\" postgres\n";
    if (geteuid() == 0) users += fmt::format("trashd {} postgres\n", kServerUser);
    const std::string begin = "# trashd writes this file at each start.\n";
    write_file(directory + "/data/pg_ident.conf", begin + users);
    write_file(directory + "/data/pg_hba.conf",
               begin + "local all,replication postgres peer map=trashd\n");
}

std::string last_lines(const std::string& path) {
    std::ifstream in(path);
    std::string text(std::istreambuf_iterator<char>(in), {});
    return text.substr(text.size() > 1000 ? text.size() - 1000 : 0);
}

// initdb in a folder of its own first: one that was interrupted must not look like a cluster.
void make_cluster(const std::string& directory) {
    const auto fresh = directory + "/data.new";
    Outcome made;
    for (const char* locale : {"C.UTF-8", "C"}) {
        fs::remove_all(fresh);
        made = run_program({server_programs() + "/initdb", "-D", fresh, "-U", "postgres", "-A",
                            "peer", "--encoding", "UTF8", "--locale", locale},
                           kServerUser);
        if (made.status == 0) break;
    }
    if (made.status != 0) {
        throw Error(Code::kUnavailable,
                    "initdb could not make a cluster in " + directory + ": " + made.output);
    }
    std::ofstream(fresh + "/postgresql.conf", std::ios::app) << "include 'trashd.conf'\n";
    fs::rename(fresh, directory + "/data");
}

pid_t noted_process(const std::string& directory) {
    pid_t pid = 0;
    std::ifstream(directory + "/data/postmaster.pid") >> pid;
    return pid;
}

// The process that postmaster.pid names, when it lives and is this cluster's server; else 0.
pid_t server_process(const std::string& directory) {
    const pid_t pid = noted_process(directory);
    if (pid <= 0) return 0;
    std::error_code unknown;
    const bool same =
        fs::equivalent(fmt::format("/proc/{}/cwd", pid), directory + "/data", unknown);
    if (!unknown) return same ? pid : 0;
    // not every root may look there
    std::string name;
    std::ifstream(fmt::format("/proc/{}/comm", pid)) >> name;
    return name == "postgres" ? pid : 0;
}

// After a crash another program may have got the number, and the server would refuse to start. A
// file that names no process stays: the server looks after it, and after processes left behind.
void remove_stale_pid(const std::string& directory) {
    const pid_t pid = noted_process(directory);
    if (pid > 0 && fs::exists(fmt::format("/proc/{}", pid))) {
        fs::remove(directory + "/data/postmaster.pid");
    }
}

Outcome pg_ctl(const std::string& directory, std::vector<std::string> args) {
    std::vector<std::string> all = {server_programs() + "/pg_ctl", "-s", "-D", directory + "/data"};
    all.insert(all.end(), args.begin(), args.end());
    return run_program(all, kServerUser);
}

// pg_ctl may take a file left behind for the new server's word that it is ready.
bool answers(const std::string& url) {
    const auto until = std::chrono::steady_clock::now() + kAnswerTimeout;
    while (PQping(url.c_str()) != PQPING_OK) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(kPause);
    }
    return true;
}

// A server that ended is a zombie, and its number looks alive, where this process is its parent:
// as the first process of a container.
void reap(pid_t pid) {
    if (pid > 0) waitpid(pid, nullptr, WNOHANG);
}

std::string conninfo_value(const std::string& value) {
    std::string out = "'";
    for (const char c : value) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + '\'';
}

std::string url_at(const std::string& socket, const std::string& database) {
    return "host=" + conninfo_value(socket) +
           " port=5432 user=postgres dbname=" + conninfo_value(database);
}

std::string normal(const std::string& directory) {
    return fs::absolute(directory).lexically_normal();
}

}  // namespace

bool has_cluster(const std::string& directory) {
    std::error_code unseen;
    return fs::exists(directory + "/data/PG_VERSION", unseen);
}

bool is_held(const std::string& directory) {
    const int lock = open((directory + "/lock").c_str(), O_RDWR | O_CLOEXEC);
    if (lock < 0) return false;
    const bool held = flock(lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(lock);
    return held;
}

std::string cluster_url(const std::string& directory, const std::string& database) {
    return url_at(socket_folder(normal(directory)), database);
}

std::string server_programs() {
    if (const char* named = std::getenv("TRASHD_SERVER_BIN"); named != nullptr && *named != 0) {
        if (has_programs(named)) return named;
        throw Error(Code::kUnavailable, fmt::format("TRASHD_SERVER_BIN names {}, which holds no "
                                                    "initdb and pg_ctl",
                                                    named));
    }
    if (const auto folder = configured_folder(); has_programs(folder)) return folder;
    for (const auto& folder : path_folders()) {
        if (has_programs(folder)) return folder;
    }
    for (const auto& folder : packaged_folders()) {
        if (has_programs(folder)) return folder;
    }
    throw Error(Code::kUnavailable,
                "initdb and pg_ctl are not found; install the PostgreSQL server (Debian: "
                "postgresql), or name a database with --database");
}

Cluster::Cluster(const std::string& directory, const std::string& extra)
    : directory_(normal(directory)), socket_(socket_folder(directory_)) {
    make_folder(directory_);
    hold_directory();
    make_folder(socket_);
    if (!fs::exists(directory_ + "/data/PG_VERSION")) make_cluster(directory_);
    write_file(directory_ + "/data/trashd.conf",
               fmt::format("listen_addresses = ''\nunix_socket_directories = '{}'\n"
                           "unix_socket_permissions = 0700\nport = 5432\n{}\n",
                           socket_, extra));
    write_access(directory_);
    start();
    create_database("trashd");
}

Cluster::~Cluster() {
    try {
        stop();
    } catch (const std::exception&) {  // nothing that a destructor could do
    }
    close(lock_);
}

void Cluster::hold_directory() {
    lock_ = open((directory_ + "/lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (lock_ >= 0 && flock(lock_, LOCK_EX | LOCK_NB) == 0) return;
    if (lock_ >= 0) close(lock_);
    throw Error(Code::kUnavailable, "another process uses " + directory_ +
                                        "; stop it, or name another directory with --data-dir");
}

std::string Cluster::url(const std::string& database) const {
    return url_at(socket_, database);
}

void Cluster::create_database(const std::string& name) {
    Pool pool(url("postgres"), 1);
    auto lease = pool.lease();
    auto& connection = lease.connection();
    const auto found = connection.exec(
        "SELECT 1 FROM pg_catalog.pg_database WHERE datname OPERATOR(pg_catalog.=) $1", {name});
    if (found.rows() == 0) connection.exec("CREATE DATABASE " + quoted(name));
}

void Cluster::start() {
    const auto until = std::chrono::steady_clock::now() + kStartTimeout;
    reap(noted_process(directory_));
    while (server_process(directory_) != 0) {
        // one of before: adopted when it answers, waited for while it starts or ends
        if (PQping(url("postgres").c_str()) == PQPING_OK) {
            pg_ctl(directory_, {"reload"});  // it knows who is let in by the files of before
            return;
        }
        if (std::chrono::steady_clock::now() > until) {
            throw Error(Code::kUnavailable, "a server runs in " + directory_ +
                                                " but does not answer; stop it with pg_ctl");
        }
        std::this_thread::sleep_for(kPause);
    }
    remove_stale_pid(directory_);
    const auto log = directory_ + "/log";
    Outcome started;
    for (int attempt = 0; attempt < kStarts; ++attempt) {
        started = pg_ctl(directory_, {"-w", "-t", "60", "-l", log, "start"});
        if (started.status == 0 && answers(url("postgres"))) return;
    }
    throw Error(Code::kUnavailable, "the private PostgreSQL in " + directory_ +
                                        " does not start: " + started.output + last_lines(log));
}

void Cluster::stop() {
    if (server_process(directory_) == 0) return;
    const auto stopped = pg_ctl(directory_, {"-w", "-m", "fast", "stop"});
    if (stopped.status != 0 && server_process(directory_) != 0) {
        throw Error(Code::kUnavailable, "the private PostgreSQL in " + directory_ +
                                            " does not stop: " + stopped.output);
    }
}

void Cluster::kill_immediately() {
    pg_ctl(directory_, {"-w", "-m", "immediate", "stop"});
}

}  // namespace trashd::schema
