#include "app/config/dotenv.h"

#include <optional>

#include "base/encoding.h"

namespace mychat::server {

namespace {

bool is_space(char c) noexcept { return c == ' ' || c == '\t'; }

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool is_name(std::string_view text) noexcept {
  if (text.empty() || (text.front() >= '0' && text.front() <= '9')) return false;
  for (const char c : text)
    if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
      return false;
  return true;
}

std::string_view without_comment(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '#' && (i == 0 || is_space(text[i - 1]))) return text.substr(0, i);
  return text;
}

class LineParser {
 public:
  LineParser(std::string_view line, int number, DotenvFile& out) : line_(line), number_(number), out_(out) {}

  void parse() {
    std::string_view rest = trim(line_);
    if (rest.empty() || rest.front() == '#') return;
    if (rest.substr(0, 6) == "export" && rest.size() > 6 && is_space(rest[6])) rest = trim(rest.substr(6));
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos) return problem("expected NAME=value");
    const std::string_view name = trim(rest.substr(0, equals));
    if (!is_name(name)) return problem("the part before '=' is not a name (letters, digits and '_')");
    if (auto value = parse_value(trim(rest.substr(equals + 1))))
      out_.entries.push_back({std::string(name), std::move(*value), number_});
  }

 private:
  void problem(std::string message) { out_.problems.push_back({number_, std::move(message)}); }

  std::optional<std::string> parse_value(std::string_view text) {
    if (!text.empty() && (text.front() == '"' || text.front() == '\'')) return parse_quoted(text);
    return std::string(trim(without_comment(text)));
  }

  std::optional<std::string> parse_quoted(std::string_view text) {
    const char quote = text.front();
    std::string value;
    for (std::size_t i = 1; i < text.size(); ++i) {
      if (text[i] == quote) {
        const std::string_view rest = trim(text.substr(i + 1));
        if (!rest.empty() && rest.front() != '#') {
          problem("only a comment may follow the closing quote");
          return std::nullopt;
        }
        return value;
      }
      if (quote == '"' && text[i] == '\\') {
        const char escaped = i + 1 < text.size() ? unescape(text[i + 1]) : '\0';
        if (escaped == '\0') {
          problem("unknown escape in double quotes (known: \\n \\r \\t \\\\ \\\" \\$)");
          return std::nullopt;
        }
        value += escaped;
        ++i;
      } else {
        value += text[i];
      }
    }
    problem("the closing quote is missing (a value ends with its line)");
    return std::nullopt;
  }

  static char unescape(char c) noexcept {
    switch (c) {
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case '\\':
      case '"':
      case '$':
        return c;
      default:
        return '\0';
    }
  }

  std::string_view line_;
  int number_;
  DotenvFile& out_;
};

}  // namespace

DotenvFile parse_dotenv(std::string_view text) {
  DotenvFile file;
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  int number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!is_utf8(line) || line.find('\0') != std::string_view::npos) {
      file.problems.push_back({number, "the line is not UTF-8 text"});
      continue;
    }
    LineParser(line, number, file).parse();
  }
  return file;
}

}  // namespace mychat::server
