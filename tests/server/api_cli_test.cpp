// mychat-server as an operator meets it: commands as processes, with their exit codes.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/encoding.h"
#include "crypto/random.h"
#include "server/api_fixture.h"
#include "storage/schema.h"
#include "storage/sqlite.h"

namespace mychat::server::test {
namespace {

namespace fs = std::filesystem;

std::string slurp(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

// A process of mychat-server with an environment of its own.
class Process {
 public:
  Process(const TempDir& dir, std::vector<std::string> arguments, const std::string& input = {},
          std::vector<std::string> environment = {}) {
    static int count = 0;
    out_ = dir / ("out." + std::to_string(++count));
    err_ = out_ + ".err";
    const std::string in = out_ + ".in";
    std::ofstream(in) << input;
    arguments.insert(arguments.begin(), MYCHAT_SERVER_PROGRAM);
    pid_ = ::fork();
    if (pid_ != 0) return;
    if (!::freopen(in.c_str(), "r", stdin) || !::freopen(out_.c_str(), "w", stdout) ||
        !::freopen(err_.c_str(), "w", stderr))
      ::_exit(126);
    std::vector<char*> argv, env;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    for (const char* name : {"PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "TMPDIR"})
      if (const char* value = std::getenv(name)) environment.push_back(std::string(name) + "=" + value);
    for (std::string& entry : environment) env.push_back(entry.data());
    env.push_back(nullptr);
    ::execve(argv[0], argv.data(), env.data());
    ::_exit(127);
  }
  ~Process() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // The exit code; -1 when it does not end in time or ended by a signal.
  int wait() {
    int status = 0;
    if (!eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; })) return -1;
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void signal(int number) const { ::kill(pid_, number); }
  std::string out() const { return slurp(out_); }
  std::string err() const { return slurp(err_); }

 private:
  pid_t pid_ = -1;
  std::string out_, err_;
};

class ApiCli : public testing::Test {
 protected:
  std::string data() const { return dir_ / "data"; }

  // Runs a command on the data directory; its output when the exit code is the expected one.
  std::string run(std::vector<std::string> arguments, int expected = 0, const std::string& input = {}) {
    arguments.insert(arguments.end(), {"--data-dir", data()});
    Process process(dir_, arguments, input);
    const int code = process.wait();
    EXPECT_EQ(code, expected) << arguments[0] << "\n" << process.out() << process.err();
    return process.out() + process.err();
  }
  void init(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"init", "--domain", "node.test"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    run(arguments);
  }
  // A node on that directory; ready when this returns.
  std::unique_ptr<Process> serve(std::vector<std::string> more = {}) {
    const std::string ready = dir_ / "ready";
    fs::remove(ready);
    std::vector<std::string> arguments{"run", "--data-dir", data(), "--port", "0", "--ready-file", ready};
    arguments.insert(arguments.end(), more.begin(), more.end());
    auto process = std::make_unique<Process>(dir_, arguments);
    if (!eventually([&] { return fs::exists(ready); }))
      throw std::runtime_error("not ready: " + process->err());
    std::istringstream lines(slurp(ready));
    std::string line;
    while (std::getline(lines, line))
      if (line.starts_with("PORT=")) port_ = static_cast<std::uint16_t>(std::stoi(line.substr(5)));
    return process;
  }
  Response call(std::string_view method, std::string_view path, std::string_view body = {},
                std::string_view token = {}) {
    return TestClient(port_).request(
        method, path, body,
        token.empty() ? std::string() : "Authorization: Bearer " + std::string(token) + "\r\n");
  }
  int login(std::string_view username, std::string_view password) {
    return call("POST", "/api/auth/login",
                R"({"username":")" + std::string(username) + R"(","password":")" + std::string(password) +
                    "\"}")
        .status;
  }

  TempDir dir_;
  std::uint16_t port_ = 0;
};

TEST_F(ApiCli, InitMakesAPrivateConfigurationAndNeverOverwrites) {
  init({"--registration-open", "true"});
  const std::string env = data() + "/.env";
  struct stat status {};
  ASSERT_EQ(::stat(env.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat(data().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  const std::string text = slurp(env);
  EXPECT_NE(text.find("DOMAIN=node.test\n"), std::string::npos);
  EXPECT_NE(text.find("REGISTRATION_OPEN=true\n"), std::string::npos);
  run({"init", "--domain", "other.test"}, 1);
  EXPECT_EQ(slurp(env), text);
  const std::string shown = run({"config"});
  EXPECT_NE(shown.find("(set, hidden)"), std::string::npos);
  const std::size_t at = text.find("SECRET_KEY=") + 11;
  EXPECT_EQ(shown.find(text.substr(at, 20)), std::string::npos);
}

TEST_F(ApiCli, InitWithoutADomainAndATerminalSaysWhatIsMissing) {
  EXPECT_NE(run({"init"}, 2).find("--domain is missing"), std::string::npos);
  EXPECT_NE(run({"init", "--domain", "Not A Domain"}, 2).find("DOMAIN must be"), std::string::npos);
  EXPECT_FALSE(fs::exists(data() + "/.env"));
}

TEST_F(ApiCli, RunRefusesAMissingOrWeakSecretABadDomainAndAnUnwritablePath) {
  fs::create_directory(data());
  std::ofstream(data() + "/.env") << "DOMAIN=node.test\n";
  EXPECT_NE(run({"run"}, 2).find("SECRET_KEY: is not set; make one with: openssl rand"), std::string::npos);
  std::ofstream(data() + "/.env")
      << "DOMAIN=node.test\nSECRET_KEY=changeme-changeme-changeme-changeme-1234\n";
  EXPECT_NE(run({"run"}, 2).find(".env:2: SECRET_KEY holds a word"), std::string::npos);
  std::ofstream(data() + "/.env")
      << "DOMAIN=node test\nSECRET_KEY=q8Zt3nV0xR5wLkP2sYcB7mHdJ4fG9uEaTiQoWz6yN1vX\n";
  EXPECT_NE(run({"run"}, 2).find(".env:1: DOMAIN must be"), std::string::npos);
  std::ofstream(data() + "/.env")
      << "DOMAIN=node.test\nSECRET_KEY=q8Zt3nV0xR5wLkP2sYcB7mHdJ4fG9uEaTiQoWz6yN1vX\n"
         "DB_PATH=/proc/mychat.db\n";
  EXPECT_NE(run({"run"}, 1).find("/proc"), std::string::npos);
  EXPECT_NE(run({"run", "--db-path", "/nowhere/at/all.db"}, 1).find("does not exist"), std::string::npos);
}

TEST_F(ApiCli, WhatIsWrongIsNamedAndNothingElseIsSuggested) {
  const auto refused = [&](std::vector<std::string> flags, std::vector<std::string> environment) {
    flags.insert(flags.begin(), "run");
    flags.insert(flags.end(), {"--data-dir", dir_.path()});
    Process process(dir_, flags, {}, std::move(environment));
    EXPECT_EQ(process.wait(), 2);
    return process.err();
  };
  const std::vector<std::string> enough{"DOMAIN=node.test",
                                        "SECRET_KEY=" + base64_encode(random_array<48>())};
  const std::string port = refused({"--port", "99999"}, enough);
  EXPECT_NE(port.find("LISTEN_PORT"), std::string::npos) << port;
  EXPECT_EQ(port.find("mychat-server init"), std::string::npos) << port;
  EXPECT_NE(refused({}, {}).find("mychat-server init"), std::string::npos);
}

TEST_F(ApiCli, AFolderThatTakesNoFilesIsNamedWithTheReason) {
  // Nobody, not even root, makes files in /sys.
  Process process(dir_, {"run", "--port", "0", "--data-dir", "/sys"}, {},
                  {"DOMAIN=node.test", "SECRET_KEY=" + base64_encode(random_array<48>())});
  EXPECT_EQ(process.wait(), 1);
  EXPECT_NE(process.err().find("/sys"), std::string::npos) << process.err();
  EXPECT_NE(process.err().find("DATA_DIR"), std::string::npos) << process.err();
  EXPECT_TRUE(process.err().find("ermission denied") != std::string::npos ||
              process.err().find("not permitted") != std::string::npos ||
              process.err().find("Read-only") != std::string::npos ||
              process.err().find("not writable") != std::string::npos)
      << process.err();
}

TEST_F(ApiCli, VersionHelpAndUnknownCommandsHaveTheirExitCodes) {
  Process version(dir_, {"--version"});
  EXPECT_EQ(version.wait(), 0);
  EXPECT_NE(version.out().find("mychat-server "), std::string::npos);
  EXPECT_EQ(Process(dir_, {"--help"}).wait(), 0);
  EXPECT_EQ(Process(dir_, {"dance"}).wait(), 2);
  EXPECT_EQ(Process(dir_, {}).wait(), 2);
}

TEST_F(ApiCli, AccountsAndInvitesAreManagedBesideARunningNode) {
  init({"--login-attempts-per-minute", "1000"});
  std::ofstream(dir_ / "alice.pem") << public_key_pem(0) << "\n";
  run({"user", "add", "alice", "--public-key", dir_ / "alice.pem", "--password-stdin"}, 0,
      "the first password\n");
  auto node = serve();
  EXPECT_EQ(login("alice", "the first password"), 200);
  EXPECT_EQ(call("POST", "/api/auth/register", registration("bob", {}, 1)).status, 403);
  const Json invite = Json::parse(run({"invite", "create", "--uses", "1", "--json"}));
  const std::string token(invite->string("invite"));
  const std::string with_invite = ",\"invite\":\"" + token + "\"";
  EXPECT_EQ(call("POST", "/api/auth/register", registration("bob", with_invite, 1)).status, 201);
  EXPECT_EQ(call("POST", "/api/auth/register", registration("carol", with_invite, 1)).status, 403);
  run({"invite", "create", "--uses", "3"});
  const Json invites = Json::parse(run({"invite", "list", "--json"}));
  std::string id;
  for (const JsonView entry : *invites.operator->())
    if (entry.integer("uses_left") == 3) id = entry.string("id");
  ASSERT_FALSE(id.empty());
  run({"invite", "revoke", id});
  run({"invite", "revoke", id}, 1);

  const Json users = Json::parse(run({"user", "list", "--json"}));
  EXPECT_EQ(users->size(), 2u);
  run({"user", "disable", "alice"});
  EXPECT_EQ(login("alice", "the first password"), 401);
  run({"user", "enable", "alice"});
  EXPECT_EQ(login("alice", "the first password"), 200);
  const Json reset = Json::parse(run({"user", "reset-password", "alice", "--json"}));
  EXPECT_EQ(login("alice", "the first password"), 401);
  EXPECT_EQ(login("alice", reset->string("password")), 200);
  run({"user", "delete", "alice"}, 2);
  run({"user", "delete", "alice", "--yes"});
  EXPECT_EQ(login("alice", reset->string("password")), 401);
  run({"user", "disable", "nobody"}, 1);
  node->signal(SIGTERM);
  EXPECT_EQ(node->wait(), 0);
}

TEST_F(ApiCli, ABackupOfARunningNodeIsRestoredAndAnOpenDatabaseIsNotReplaced) {
  init({"--registration-open", "true"});
  const std::string backup = dir_ / "backup.db";
  {
    auto node = serve();
    ASSERT_EQ(call("POST", "/api/auth/register", registration("alice")).status, 201);
    run({"backup", backup});
    run({"backup", backup}, 1);  // Never overwrites.
    ASSERT_EQ(call("POST", "/api/auth/register", registration("bob", {}, 1)).status, 201);
    EXPECT_NE(run({"restore", backup}, 1).find("stop it"), std::string::npos);
    node->signal(SIGTERM);
    EXPECT_EQ(node->wait(), 0);
  }
  EXPECT_NE(run({"restore", backup}).find("before-restore"), std::string::npos);
  auto node = serve();
  EXPECT_EQ(login("alice", "correct horse alice"), 200);
  EXPECT_EQ(login("bob", "correct horse bob"), 401);
  std::ofstream(dir_ / "junk.db") << "this is no database";
  node->signal(SIGTERM);
  EXPECT_EQ(node->wait(), 0);
  run({"restore", dir_ / "junk.db"}, 1);
  run({"restore", dir_ / "absent.db"}, 1);
}

TEST_F(ApiCli, ARestoredBackupHasItsSessionsUnlessTheyAreEnded) {
  init({"--registration-open", "true"});
  const std::string backup = dir_ / "backup.db";
  std::string token;
  const auto use = [&] { return call("GET", "/api/auth/me", {}, token).status; };
  {
    auto node = serve();
    token =
        Json::parse(call("POST", "/api/auth/register", registration("alice")).body)->string("access_token");
    run({"backup", backup});
    EXPECT_EQ(call("POST", "/api/auth/logout", {}, token).status, 200);
    EXPECT_EQ(use(), 401);
    node->signal(SIGTERM);
    EXPECT_EQ(node->wait(), 0);
  }
  for (const bool ended : {false, true}) {
    run(ended ? std::vector<std::string>{"restore", backup, "--end-sessions"}
              : std::vector<std::string>{"restore", backup});
    auto node = serve();
    EXPECT_EQ(use(), ended ? 401 : 200);
    node->signal(SIGTERM);
    EXPECT_EQ(node->wait(), 0);
  }
}

TEST_F(ApiCli, MigrateShowsTheStepsAndRunsThem) {
  init();
  const std::string dry = run({"migrate", "--dry-run"});
  EXPECT_NE(dry.find("would run 1 "), std::string::npos) << dry;
  EXPECT_NE(dry.find("would run 2 "), std::string::npos) << dry;
  EXPECT_NE(dry.find("CREATE TABLE"), std::string::npos);
  EXPECT_FALSE(fs::exists(data() + "/mychat.db"));
  EXPECT_NE(run({"migrate"}).find("ran 1 "), std::string::npos);
  EXPECT_NE(run({"migrate"}).find("Nothing to do"), std::string::npos);
  const Json json = Json::parse(run({"migrate", "--dry-run", "--json"}));
  EXPECT_EQ(json->array("steps").size(), 0u);
}

TEST_F(ApiCli, MigrateBringsAnEarlierDatabaseToThisVersion) {
  init();
  const std::string path = data() + "/mychat.db";
  {
    SqliteConnection db(path, OpenMode::kReadWriteCreate);
    migrate(db, schema_steps().first(1));
  }
  const std::string dry = run({"migrate", "--dry-run"});
  EXPECT_EQ(dry.find("would run 1 "), std::string::npos) << dry;
  EXPECT_NE(dry.find("would run 2 "), std::string::npos) << dry;
  const auto version = [&] {
    SqliteConnection db(path, OpenMode::kReadOnly);
    return schema_version(db, schema_steps());
  };
  EXPECT_EQ(version(), 1) << "a dry run changes nothing";
  EXPECT_NE(run({"migrate"}).find("ran 2 "), std::string::npos);
  EXPECT_EQ(version(), Storage::current_version());
  EXPECT_NE(run({"migrate"}).find("Nothing to do"), std::string::npos);
}

TEST_F(ApiCli, DoctorLooksAtFederationWhenItIsOn) {
  init();
  run({"migrate"});
  EXPECT_EQ(run({"doctor", "--port", "0"}).find("federation:"), std::string::npos);
  const auto doctor = [&](std::vector<std::string> flags, int code) {
    flags.insert(flags.begin(), {"doctor", "--port", "0", "--federation-enabled", "true"});
    return run(flags, code);
  };
  EXPECT_NE(doctor({}, 0).find("ok: federation:"), std::string::npos);
  EXPECT_NE(doctor({"--federation-plain-http", "true"}, 0)
                .find("warning: federation: Other nodes are reached over"),
            std::string::npos);
  EXPECT_NE(doctor({"--federation-allow-private", "true"}, 0).find("warning: federation: Nodes at private"),
            std::string::npos);
  EXPECT_NE(doctor({"--federation-ca-file", dir_ / "none.pem"}, 4).find("error: federation:"),
            std::string::npos);
}

TEST_F(ApiCli, DoctorFindsWhatIsWrongAndSaysHowToMendIt) {
  init();
  run({"migrate"});
  run({"doctor", "--port", "0"});
  ::chmod((data() + "/.env").c_str(), 0644);
  EXPECT_NE(run({"doctor", "--port", "0"}).find("chmod 600"), std::string::npos);
  const std::string tls =
      run({"doctor", "--port", "0", "--tls-cert", dir_ / "none.pem", "--tls-key", dir_ / "none.pem"}, 4);
  EXPECT_NE(tls.find("error: certificate:"), std::string::npos) << tls;
  {
    std::fstream file(data() + "/mychat.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(0);
    file << "no longer SQLite";
  }
  EXPECT_NE(run({"doctor", "--port", "0"}, 4).find("error: database:"), std::string::npos);
  std::ofstream(data() + "/.env") << "DOMAIN=node.test\nSECRET_KEY=short\nNO_SUCH=1\n";
  const Json json = Json::parse(run({"doctor", "--json"}, 4));
  bool error = false, warning = false;
  for (const JsonView finding : *json.operator->()) {
    if (finding.string("severity") == "ok") continue;
    EXPECT_FALSE(finding.string("remedy").empty()) << finding.string("message");
    error = error || finding.string("message").find("SECRET_KEY") != std::string_view::npos;
    warning = warning || finding.string("message").find("NO_SUCH") != std::string_view::npos;
  }
  EXPECT_TRUE(error);
  EXPECT_TRUE(warning);
}

TEST_F(ApiCli, ADamagedDatabaseIsNeitherRunNorBackedUp) {
  init({"--registration-open", "true"});
  {
    auto node = serve();
    for (const char* name : {"alice", "bob", "carol"})
      ASSERT_EQ(call("POST", "/api/auth/register", registration(name)).status, 201);
    node->signal(SIGTERM);
    EXPECT_EQ(node->wait(), 0);
  }
  const std::string db = data() + "/mychat.db";
  {
    std::fstream file(db, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(db) / 2));
    const std::string junk(fs::file_size(db) / 2, '\x5a');
    file.write(junk.data(), static_cast<std::streamsize>(junk.size()));
  }
  const std::string said = run({"run", "--port", "0"}, 4);
  EXPECT_NE(said.find("is damaged: "), std::string::npos) << said;
  EXPECT_NE(said.find("mychat-server restore PATH"), std::string::npos) << said;
  run({"backup", dir_ / "copy.db"}, 1);
  EXPECT_FALSE(fs::exists(dir_ / "copy.db"));
  run({"backup", dir_ / "copy.db"}, 1);
}

TEST_F(ApiCli, SigtermDrainsWithAWebSocketOpenAndSighupChangesTheLogLevel) {
  init({"--registration-open", "true", "--log-level", "error"});
  auto node = serve();
  ASSERT_EQ(call("POST", "/api/auth/register", registration("alice")).status, 201);
  EXPECT_EQ(node->err().find("[access]"), std::string::npos);
  std::ofstream(data() + "/.env", std::ios::app) << "LOG_LEVEL=info\n";
  node->signal(SIGHUP);
  ASSERT_TRUE(eventually([&] { return node->err().find("Reloaded") != std::string::npos; })) << node->err();
  TestClient socket(port_);
  ASSERT_EQ(socket.upgrade("/ws"), 101);
  ASSERT_EQ(call("GET", "/health").status, 200);
  node->signal(SIGTERM);
  EXPECT_EQ(socket.close_code(), 1001);
  socket.close();
  EXPECT_EQ(node->wait(), 0) << node->err();
  EXPECT_NE(node->err().find("/health"), std::string::npos);
  EXPECT_NE(node->err().find("Stopped."), std::string::npos);
}

// A certificate of its own for node.test, made by the openssl program.
void make_certificate(const std::string& certificate, const std::string& key) {
  const std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "
      "/CN=node.test -addext subjectAltName=DNS:node.test,DNS:localhost -keyout " +
      key + " -out " + certificate + " 2>/dev/null";
  ASSERT_EQ(std::system(command.c_str()), 0);
}

TEST_F(ApiCli, AStopIsAnnouncedByReadyWhileEverythingIsStillServed) {
  init({"--registration-open", "true"});
  auto node = serve({"--drain-delay-seconds", "600"});
  EXPECT_EQ(call("GET", "/ready").status, 200);
  node->signal(SIGTERM);
  ASSERT_TRUE(eventually([&] { return call("GET", "/ready").status == 503; }));
  EXPECT_EQ(call("GET", "/health").status, 200);
  EXPECT_EQ(call("POST", "/api/auth/register", registration("alice")).status, 201);
  TestClient client(port_);
  EXPECT_EQ(client.upgrade("/ws"), 101);
  node->signal(SIGTERM);  // Enough of it.
  EXPECT_EQ(client.close_code(), 1001);
  client.send(frame_bytes(8, close_payload(1001)));
  EXPECT_EQ(node->wait(), 0);
}

TEST_F(ApiCli, WebSocketsAreCompressedWhereTheOperatorSaysSo) {
  init();
  const auto extensions = [&](std::vector<std::string> flags) {
    auto node = serve(std::move(flags));
    TestClient client(port_);
    EXPECT_EQ(client.upgrade("/ws", "Sec-WebSocket-Extensions: permessage-deflate\r\n"), 101);
    std::string agreed = client.last_extensions;
    client.close();
    node->signal(SIGTERM);
    EXPECT_EQ(node->wait(), 0);
    return agreed;
  };
  EXPECT_EQ(extensions({}), "");
  EXPECT_TRUE(extensions({"--ws-compression", "true"}).starts_with("permessage-deflate"));
}

TEST_F(ApiCli, SighupReloadsTheCertificateAndKeepsTheOldOneWhenTheNewIsBroken) {
  const std::string certificate = dir_ / "cert.pem", key = dir_ / "key.pem", first = dir_ / "first.pem",
                    second = dir_ / "second.pem";
  make_certificate(certificate, key);
  fs::copy_file(certificate, first);
  init({"--tls-cert", certificate, "--tls-key", key});
  auto node = serve();
  const auto served_by = [&](const std::string& authority) {
    try {
      TestClient client(port_, ClientTls{authority});
      return client.request("GET", "/health").status == 200;
    } catch (const std::exception&) {
      return false;  // The handshake failed: another certificate.
    }
  };
  EXPECT_TRUE(served_by(first));
  make_certificate(certificate, key);
  fs::copy_file(certificate, second);
  EXPECT_TRUE(served_by(first));
  node->signal(SIGHUP);
  ASSERT_TRUE(eventually([&] { return served_by(second); })) << node->err();
  EXPECT_FALSE(served_by(first));
  make_certificate(dir_ / "other.pem", key);  // The key no longer belongs to the certificate.
  node->signal(SIGHUP);
  ASSERT_TRUE(eventually([&] { return node->err().find("was not reloaded") != std::string::npos; }))
      << node->err();
  EXPECT_TRUE(served_by(second));
  EXPECT_NE(run({"doctor", "--port", "0"}, 4).find("error: certificate:"), std::string::npos);
  make_certificate(certificate, key);
  EXPECT_NE(run({"doctor", "--port", "0"}).find("ok: certificate:"), std::string::npos);
  node->signal(SIGTERM);
  EXPECT_EQ(node->wait(), 0) << node->err();
}

TEST_F(ApiCli, DevServesOpenRegistrationOnLoopbackAndLeavesNothingBehind) {
  const std::string ready = dir_ / "ready";
  Process node(dir_, {"dev", "--port", "0", "--print-port", "--ready-file", ready}, {},
               {"TMPDIR=" + dir_.path()});
  ASSERT_TRUE(eventually([&] { return fs::exists(ready) && node.out().find("URL=") != std::string::npos; }))
      << node.err();
  const std::string text = node.out();
  port_ = static_cast<std::uint16_t>(std::stoi(text.substr(text.find("PORT=") + 5)));
  EXPECT_NE(text.find("URL=http://127.0.0.1:" + std::to_string(port_)), std::string::npos);
  EXPECT_EQ(call("POST", "/api/auth/register", registration("alice")).status, 201);
  node.signal(SIGINT);
  EXPECT_EQ(node.wait(), 0) << node.err();
  for (const auto& entry : fs::directory_iterator(dir_.path()))
    EXPECT_EQ(entry.path().filename().string().find("mychat-dev"), std::string::npos) << entry.path();
}

TEST_F(ApiCli, DevOnALifelineEndsWithItsInputAndErasesTheData) {
  const std::string ready = dir_ / "ready";
  // The input is an empty file: it has ended already.
  Process node(dir_, {"dev", "--port", "0", "--data-dir", data(), "--ready-file", ready, "--lifeline"});
  EXPECT_EQ(node.wait(), 0) << node.err();
  EXPECT_TRUE(fs::exists(ready)) << node.err();
  EXPECT_FALSE(fs::exists(data()));
}

}  // namespace
}  // namespace mychat::server::test
