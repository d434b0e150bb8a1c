#include "schema/subprocess.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "schema/error.hpp"

namespace trashd::schema {
namespace {

struct Identity {
    uid_t uid;
    gid_t gid;
    std::vector<gid_t> groups;
};

// Looked up before the fork: behind it only a system call is safe.
std::optional<Identity> identity_of(const std::string& user) {
    if (user.empty() || geteuid() != 0) return {};
    const auto* entry = getpwnam(user.c_str());
    if (entry == nullptr) {
        throw Error(Code::kUnavailable, "there is no user \"" + user +
                                            "\" for the server to run as; install the PostgreSQL "
                                            "server, or do not run as root");
    }
    Identity out{entry->pw_uid, entry->pw_gid, std::vector<gid_t>(64)};
    int count = static_cast<int>(out.groups.size());
    if (getgrouplist(user.c_str(), out.gid, out.groups.data(), &count) < 0) count = 0;
    out.groups.resize(static_cast<std::size_t>(count));
    return out;
}

bool become(const Identity& who) {
    return setgroups(who.groups.size(), who.groups.data()) == 0 && setgid(who.gid) == 0 &&
           setuid(who.uid) == 0;
}

[[noreturn]] void execute(char* const* argv, const std::optional<Identity>& who, int output) {
    const int input = open("/dev/null", O_RDONLY);
    dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    close_range(3, ~0U, 0);  // a server that outlives us must not hold our listening socket
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    if ((who && !become(*who)) || chdir("/") != 0) _exit(127);
    execv(argv[0], argv);
    _exit(127);
}

std::string read_all(int descriptor) {
    std::string out;
    std::array<char, 4096> buffer;
    for (;;) {
        const auto count = read(descriptor, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return out;
        out.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

int wait_for(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return 127;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

[[noreturn]] void fail(const std::string& what) {
    throw Error(Code::kUnavailable, what + ": " + std::strerror(errno));
}

}  // namespace

Outcome run_program(const std::vector<std::string>& args, const std::string& user) {
    const auto who = identity_of(user);
    std::vector<char*> argv;
    for (const auto& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
    argv.push_back(nullptr);
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("cannot make a pipe");
    const pid_t pid = fork();
    if (pid == 0) execute(argv.data(), who, ends[1]);
    close(ends[1]);
    Outcome out;
    if (pid > 0) out.output = read_all(ends[0]);
    close(ends[0]);
    if (pid < 0) fail("cannot start " + args[0]);
    out.status = wait_for(pid);
    return out;
}

std::string user_name() {
    const auto* entry = getpwuid(geteuid());
    if (entry == nullptr)
        throw Error(Code::kUnavailable,
                    "there is no user with the number " + std::to_string(geteuid()) +
                        " that trashd runs as, which PostgreSQL asks for; run it as a user that "
                        "/etc/passwd has, or name a database with --database");
    return entry->pw_name;
}

void give_to(const std::string& path, const std::string& user) {
    const auto who = identity_of(user);
    if (who && lchown(path.c_str(), who->uid, who->gid) != 0) fail("cannot give away " + path);
}

}  // namespace trashd::schema
