// Configuration: sources and their order, the forms of values, and what an operator is told.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "app/config/config.h"
#include "app/config/dotenv.h"
#include "app/config/settings.h"
#include "app/config/toml_file.h"
#include "app/config/values.h"

namespace mychat::server {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSecret = "q8Zt3nV0xR5wLkP2sYcB7mHdJ4fG9uEaTiQoWz6yN1vX";

class ConfigTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "mychat-config-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
    inputs_.working_dir = dir_.string();
    inputs_.environment = {{"DOMAIN", "chat.example.org"}, {"SECRET_KEY", kSecret}};
  }
  void TearDown() override { fs::remove_all(dir_); }

  void write(const std::string& name, const std::string& text) { std::ofstream(dir_ / name) << text; }
  LoadedConfig load() const { return load_config(inputs_); }
  static std::string all(const std::vector<ConfigProblem>& problems) {
    std::string out;
    for (const auto& problem : problems) out += problem.where + ": " + problem.message + "\n";
    return out;
  }

  fs::path dir_;
  ConfigInputs inputs_;
};

TEST_F(ConfigTest, DefaultsAreThoseOfTheContractButRegistrationIsClosed) {
  const LoadedConfig loaded = load();
  ASSERT_TRUE(loaded.ok()) << all(loaded.errors);
  EXPECT_EQ(loaded.config.max_users, 500);
  EXPECT_EQ(loaded.config.session_timeout_hours, 168);
  EXPECT_EQ(loaded.config.max_message_size, 10'485'760);
  EXPECT_EQ(loaded.config.max_file_size, 52'428'800);
  EXPECT_EQ(loaded.config.ws_heartbeat_interval, 30);
  EXPECT_EQ(loaded.config.listen_port, 8000);
  EXPECT_FALSE(loaded.config.registration_open);
  EXPECT_EQ(loaded.config.db_path, (dir_ / "mychat.db").string());
  EXPECT_TRUE(loaded.config.metrics_listen.empty());
}

TEST_F(ConfigTest, FlagsBeatTheEnvironmentWhichBeatsDotenvWhichBeatsToml) {
  write("mychat.toml",
        "max_users = 1\nlisten_port = 1\nadmin_email = \"toml@example.org\"\nlog_format = \"json\"\n");
  write(".env", "MAX_USERS=2\nLISTEN_PORT=2\nADMIN_EMAIL=env@example.org\n");
  inputs_.environment["MAX_USERS"] = "3";
  inputs_.environment["LISTEN_PORT"] = "3";
  inputs_.flags["LISTEN_PORT"] = "4";
  const LoadedConfig loaded = load();
  ASSERT_TRUE(loaded.ok()) << all(loaded.errors);
  EXPECT_EQ(loaded.config.listen_port, 4);
  EXPECT_EQ(loaded.origin.at("LISTEN_PORT"), "flag --listen-port");
  EXPECT_EQ(loaded.config.max_users, 3);
  EXPECT_EQ(loaded.origin.at("MAX_USERS"), "environment variable MAX_USERS");
  EXPECT_EQ(loaded.config.admin_email, "env@example.org");
  EXPECT_EQ(loaded.origin.at("ADMIN_EMAIL"), (dir_ / ".env").string() + ":3");
  EXPECT_EQ(loaded.config.log_format, "json");
  EXPECT_EQ(loaded.origin.at("LOG_FORMAT"), (dir_ / "mychat.toml").string() + ":4");
}

TEST_F(ConfigTest, FilesAreLookedForInTheDataDirectoryThatIsNamed) {
  fs::create_directory(dir_ / "data");
  write("data/.env", "MAX_USERS=7\nTLS_CERT=tls/cert.pem\nTLS_KEY=/abs/key.pem\n");
  inputs_.flags["DATA_DIR"] = "data";
  const LoadedConfig loaded = load();
  ASSERT_TRUE(loaded.ok()) << all(loaded.errors);
  EXPECT_EQ(loaded.config.max_users, 7);
  EXPECT_EQ(loaded.config.data_dir, (dir_ / "data").string());
  EXPECT_EQ(loaded.config.db_path, (dir_ / "data" / "mychat.db").string());
  EXPECT_EQ(loaded.config.tls_cert, (dir_ / "data" / "tls" / "cert.pem").string());
  EXPECT_EQ(loaded.config.tls_key, "/abs/key.pem");
}

TEST_F(ConfigTest, ListsAreJsonArraysCommaListsOrTomlArrays) {
  const std::vector<std::string> both{"https://a.example.org", "https://b.example.org:8443"};
  for (const char* text : {R"(["https://a.example.org", "https://b.example.org:8443"])",
                           R"(["https:\/\/a.example.org","https://b.example.org:8443"])",
                           " https://a.example.org , https://b.example.org:8443"}) {
    inputs_.environment["CORS_ORIGINS"] = text;
    const LoadedConfig loaded = load();
    ASSERT_TRUE(loaded.ok()) << text << all(loaded.errors);
    EXPECT_EQ(loaded.config.cors_origins, both) << text;
  }
  inputs_.environment.erase("CORS_ORIGINS");
  write("mychat.toml", "cors_origins = [\"https://a.example.org\", \"https://b.example.org:8443\"]\n");
  EXPECT_EQ(load().config.cors_origins, both);
  EXPECT_EQ(parse_list(""), std::vector<std::string>{});
  EXPECT_FALSE(parse_list("[\"unfinished"));
  EXPECT_FALSE(parse_list("[1, 2]"));
}

TEST_F(ConfigTest, EveryErrorNamesItsSourceAndTheRemedyAndNeverTheSecret) {
  write(".env",
        "DOMAIN=Chat.Example.ORG\n\nMAX_USERS=many\nTRUSTED_PROXIES=10.0.0.0/99\nLISTEN_ADDRESS=localhost\n");
  inputs_.environment = {{"SECRET_KEY", "short-and-therefore-refused"}, {"LOG_LEVEL", "loud"}};
  const LoadedConfig loaded = load();
  const std::string text = all(loaded.errors);
  EXPECT_NE(text.find(".env:1: DOMAIN must be the node's host name"), std::string::npos) << text;
  EXPECT_NE(text.find(".env:3: MAX_USERS must be a whole number from 1 to"), std::string::npos) << text;
  EXPECT_NE(text.find(".env:4: TRUSTED_PROXIES must hold IP addresses"), std::string::npos) << text;
  EXPECT_NE(text.find(".env:5: LISTEN_ADDRESS must be an IP address"), std::string::npos) << text;
  EXPECT_NE(text.find("environment variable LOG_LEVEL: LOG_LEVEL must be one of: debug"), std::string::npos)
      << text;
  EXPECT_NE(text.find("environment variable SECRET_KEY: SECRET_KEY has 27 characters"), std::string::npos)
      << text;
  EXPECT_NE(text.find("openssl rand"), std::string::npos) << text;
  EXPECT_EQ(text.find("short-and-therefore"), std::string::npos) << text;
}

TEST_F(ConfigTest, ABadValueThatAStrongerSourceReplacesIsNoError) {
  write(".env", "MAX_USERS=many\n");
  inputs_.environment["MAX_USERS"] = "12";
  const LoadedConfig loaded = load();
  EXPECT_TRUE(loaded.ok()) << all(loaded.errors);
  EXPECT_EQ(loaded.config.max_users, 12);
}

TEST_F(ConfigTest, DomainAndSecretAreRequired) {
  inputs_.environment.clear();
  const std::string text = all(load().errors);
  EXPECT_NE(text.find("DOMAIN: is not set"), std::string::npos) << text;
  EXPECT_NE(text.find("SECRET_KEY: is not set"), std::string::npos) << text;
}

TEST_F(ConfigTest, UnknownKeysAndUnusedOnesAreWarnedOf) {
  write(".env", "MAX_USER=5\nDB_HOST=db.example.org\nDB_PASS=hunter2hunter2\nMAX_USERS=1\nMAX_USERS=2\n");
  const LoadedConfig loaded = load();
  ASSERT_TRUE(loaded.ok()) << all(loaded.errors);
  const std::string text = all(loaded.warnings);
  EXPECT_NE(text.find(".env:1: MAX_USER is not a setting"), std::string::npos) << text;
  EXPECT_NE(text.find(".env:2: DB_HOST is not used"), std::string::npos) << text;
  EXPECT_NE(text.find(".env:5: MAX_USERS was set before at line 4"), std::string::npos) << text;
  EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
  EXPECT_EQ(loaded.config.max_users, 2);
}

TEST_F(ConfigTest, AFileThatIsNamedMustExistAndOneThatIsNotTomlIsAnErrorWithItsLine) {
  inputs_.env_file = "absent.env";
  EXPECT_NE(all(load().errors).find("absent.env: cannot be read"), std::string::npos);
  inputs_.env_file.clear();
  write("mychat.toml", "max_users = 5\nsecret_key = \"unterminated-secret\nlisten_port = 1\n");
  const std::string text = all(load().errors);
  EXPECT_NE(text.find("mychat.toml:2: is not TOML"), std::string::npos) << text;
  EXPECT_EQ(text.find("unterminated"), std::string::npos) << text;
}

TEST_F(ConfigTest, TomlTablesArePrefixesOfNames) {
  write("mychat.toml", "[tls]\ncert = \"/c.pem\"\nkey = \"/k.pem\"\n[log]\nlevel = \"debug\"\n");
  const LoadedConfig loaded = load();
  ASSERT_TRUE(loaded.ok()) << all(loaded.errors);
  EXPECT_EQ(loaded.config.tls_cert, "/c.pem");
  EXPECT_EQ(loaded.config.log_level, "debug");
}

TEST_F(ConfigTest, TlsNeedsBothFiles) {
  inputs_.environment["TLS_CERT"] = "/c.pem";
  EXPECT_NE(all(load().errors).find("TLS_KEY: is not set"), std::string::npos);
}

TEST_F(ConfigTest, TheEffectiveConfigurationHidesTheSecret) {
  bool found = false;
  for (const ShownSetting& setting : show_config(load())) {
    EXPECT_EQ(setting.value.find(kSecret), std::string::npos) << setting.name;
    if (setting.name == "SECRET_KEY") {
      found = true;
      EXPECT_EQ(setting.value, "(set, hidden)");
      EXPECT_EQ(setting.origin, "environment variable SECRET_KEY");
    }
  }
  EXPECT_TRUE(found);
}

TEST(Dotenv, TakesCommentsQuotesExportAndEscapes) {
  const DotenvFile file = parse_dotenv(
      "\xEF\xBB\xBF# comment\r\n\nA=1\r\n  export B = two words # trailing\nC='a $b \\n # kept'\n"
      "D=\"x \\\"y\\\" \\$z\\n\" # c\nE=a#b\nF=\nG=\"\"\n");
  EXPECT_TRUE(file.problems.empty());
  const std::vector<std::pair<std::string, std::string>> expected{
      {"A", "1"}, {"B", "two words"}, {"C", "a $b \\n # kept"}, {"D", "x \"y\" $z\n"}, {"E", "a#b"},
      {"F", ""},  {"G", ""}};
  ASSERT_EQ(file.entries.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(file.entries[i].name, expected[i].first);
    EXPECT_EQ(file.entries[i].value, expected[i].second);
  }
  EXPECT_EQ(file.entries[1].line, 4);
}

TEST(Dotenv, SaysTheLineOfWhatItCannotRead) {
  const DotenvFile file = parse_dotenv("no equals\n1A=x\nA=\"open\nB='x' y\nC=\"\\q\"\nD=\xff\n=v\nOK=1\n");
  ASSERT_EQ(file.problems.size(), 7u);
  for (int i = 0; i < 7; ++i) EXPECT_EQ(file.problems[static_cast<std::size_t>(i)].line, i + 1);
  ASSERT_EQ(file.entries.size(), 1u);
  EXPECT_EQ(file.entries[0].name, "OK");
}

TEST(SecretStrength, RefusesShortDefaultRepeatedSequentialAndPoorSecrets) {
  EXPECT_TRUE(weak_secret_reason(kSecret).empty());
  EXPECT_TRUE(weak_secret_reason("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08").empty());
  for (const char* weak :
       {"", "tooshort", "q8Zt3nV0xR5wLkP2sYcB7mHdJ4fG9uE", "changeme-q8Zt3nV0xR5wLkP2sYcB7mHdJ4fG9uE",
        "your-SECRET-key-q8Zt3nV0xR5wLkP2sYcB7mHdJ4f", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "q8Zt3nV0q8Zt3nV0q8Zt3nV0q8Zt3nV0", "abcdefghijklmnopqrstuvwxyz0123456789",
        "ababbabaabbabaabbaababbaabbaabbabaab"})
    EXPECT_FALSE(weak_secret_reason(weak).empty()) << weak;
}

TEST(Domain, FollowsHostNameRules) {
  for (const char* good :
       {"localhost", "localhost:8000", "chat.example.org", "a-b.example", "127.0.0.1:8000", "x"})
    EXPECT_TRUE(is_node_domain(good)) << good;
  const std::string long_label = std::string(64, 'a') + ".org";
  for (const char* bad :
       {"", "Chat.example.org", "-a.org", "a-.org", "a..org", ".org", "org.", "a_b.org", "a.org:0",
        "a.org:65536", "a.org:", "a b", "http://a.org", "ä.org", long_label.c_str()})
    EXPECT_FALSE(is_node_domain(bad)) << bad;
}

TEST(Settings, EverySettingIsFoundByItsNameAndSaysWhatItIs) {
  for (const Setting& setting : settings()) {
    EXPECT_EQ(find_setting(setting.name), &setting);
    EXPECT_FALSE(setting.help.empty()) << setting.name;
    Config config;
    if (setting.kind == SettingKind::kUnused) continue;
    // What a setting shows, it takes.
    const std::string shown = setting.show(config);
    if (!shown.empty()) {
      EXPECT_EQ(setting.set(config, {shown, {}}), "") << setting.name;
    }
  }
  EXPECT_EQ(find_setting("max_users"), nullptr);
}

TEST(Values, IntegersAndBooleansAreWhole) {
  EXPECT_EQ(parse_integer("-5"), -5);
  for (const char* bad : {"", "5 ", " 5", "5x", "0x5", "99999999999999999999"})
    EXPECT_FALSE(parse_integer(bad)) << bad;
  EXPECT_EQ(parse_bool("TRUE"), true);
  EXPECT_EQ(parse_bool("off"), false);
  EXPECT_FALSE(parse_bool("maybe"));
  EXPECT_EQ(parse_listen_address("[::1]:9464")->address, "::1");
  EXPECT_EQ(parse_listen_address("127.0.0.1:0")->port, 0);
  for (const char* bad : {"9464", "localhost:1", "127.0.0.1:", "127.0.0.1:70000"})
    EXPECT_FALSE(parse_listen_address(bad));
}

}  // namespace
}  // namespace mychat::server
