// Where the system's certificate authorities are looked for, in made-up systems.
#include "transport/system_trust.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/expect_error.h"

namespace mychat {
namespace {

namespace fs = std::filesystem;

class SystemTrustTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("SSL_CERT_FILE");
    ::unsetenv("SSL_CERT_DIR");
    std::string pattern = (fs::temp_directory_path() / "mychat-trust-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override {
    ::unsetenv("SSL_CERT_FILE");
    ::unsetenv("SSL_CERT_DIR");
    fs::remove_all(root_);
  }

  void put(const std::string& path, const std::string& content = "certificates") {
    fs::create_directories(fs::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << content;
  }

  std::string root_;
};

TEST_F(SystemTrustTest, TheBundleOfEachSystemIsFound) {
  for (const std::string path : {
           "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Alpine
           "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Fedora
           "/etc/pki/tls/certs/ca-bundle.crt",                   // RHEL
           "/etc/ssl/ca-bundle.pem",                             // openSUSE
           "/etc/ssl/cert.pem",                                  // macOS
       }) {
    put(path);
    const SystemTrust found = find_system_trust(root_);
    EXPECT_EQ(found.file, root_ + path);
    EXPECT_EQ(found.directories, "");
    fs::remove_all(root_ + "/etc");
  }
}

TEST_F(SystemTrustTest, WhatIsNoFileWithContentIsPassedOver) {
  put("/etc/ssl/certs/ca-certificates.crt", "");
  fs::create_directories(root_ + "/etc/pki/tls/certs/ca-bundle.crt");
  fs::create_directories(root_ + "/etc/ssl");
  fs::create_symlink("nowhere", root_ + "/etc/ssl/ca-bundle.pem");
  put("/usr/local/etc/ssl/cert.pem");
  EXPECT_EQ(find_system_trust(root_).file, root_ + "/usr/local/etc/ssl/cert.pem");
}

TEST_F(SystemTrustTest, ADirectoryServesWhereThereIsNoBundle) {
  put("/etc/ssl/certs/README");
  put("/etc/ssl/certs/1234.0");
  put("/etc/ssl/certs/certificate.pem");
  put("/system/etc/security/cacerts/5ed36f99.0");
  const SystemTrust found = find_system_trust(root_);
  EXPECT_EQ(found.file, "");
  EXPECT_EQ(found.directories, root_ + "/system/etc/security/cacerts");
  put("/etc/ssl/certs/5ed36f99.0");
  EXPECT_EQ(find_system_trust(root_).directories, root_ + "/etc/ssl/certs");
  put("/etc/ssl/cert.pem");
  EXPECT_EQ(find_system_trust(root_).file, root_ + "/etc/ssl/cert.pem");
}

TEST_F(SystemTrustTest, TheEnvironmentReplacesTheSystems) {
  put("/etc/ssl/certs/ca-certificates.crt");
  ::setenv("SSL_CERT_FILE", "/nowhere/authorities.pem", 1);
  EXPECT_ERROR(find_system_trust(root_), MYCHAT_E_TLS, "SSL_CERT_FILE names no file");
  put("/authorities.pem");
  ::setenv("SSL_CERT_FILE", (root_ + "/authorities.pem").c_str(), 1);
  EXPECT_EQ(find_system_trust(root_).file, root_ + "/authorities.pem");
  EXPECT_EQ(find_system_trust(root_).directories, "");
  ::setenv("SSL_CERT_DIR", "/one:/two", 1);
  EXPECT_EQ(find_system_trust(root_).directories, "/one:/two");
  ::setenv("SSL_CERT_FILE", "", 1);
  EXPECT_EQ(find_system_trust(root_).file, "");
  EXPECT_EQ(find_system_trust(root_).directories, "/one:/two");
}

TEST_F(SystemTrustTest, NothingIsAnErrorThatSaysWhatToDo) {
  EXPECT_ERROR(find_system_trust(root_), MYCHAT_E_TLS, "SSL_CERT_FILE");
}

}  // namespace
}  // namespace mychat
