// The `.env` file, as v1 deployments have it.
//
//   NAME=value            one a line; `export NAME=value` too; spaces around `=` are allowed
//   # comment             empty lines and lines that begin with `#` are skipped
//   NAME=value # comment  in an unquoted value, white space and then `#` begin a comment
//   NAME="a \"b\"\n"      double quotes: the escapes \n \r \t \\ \" \$ and no others
//   NAME='a $b \n'        single quotes: everything is literal
//
// A value ends with its line. `$` is never expanded. When a name comes twice, the last one counts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mychat::server {

struct DotenvEntry {
  std::string name, value;
  int line = 0;
};

struct DotenvProblem {
  int line = 0;
  std::string message;  // Never holds the value.
};

struct DotenvFile {
  std::vector<DotenvEntry> entries;  // In order, duplicates included.
  std::vector<DotenvProblem> problems;
};

DotenvFile parse_dotenv(std::string_view text);

}  // namespace mychat::server
