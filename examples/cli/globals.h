// Options that every command takes.
#pragma once

#include <string>
#include <vector>

namespace cli {

struct Globals {
  std::string profile = "default";
  std::string store;  // Instead of the profile's.
  std::string node;
  std::string ca;
  std::vector<std::string> pins;
  bool allow_plaintext = false;
  bool no_websocket = false;
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  std::string passphrase_file, new_passphrase_file;
  std::string password_file, new_password_file;
  bool password_stdin = false;
  std::string backup_password_file, new_backup_password_file;
};

}  // namespace cli
