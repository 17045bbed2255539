#include "app/config/toml_file.h"

#include <toml++/toml.h>

#include "app/config/values.h"

namespace mychat::server {

namespace {

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
    if (c == '-') c = '_';
  }
  return out;
}

std::optional<std::vector<std::string>> texts_of(const toml::array& array) {
  std::vector<std::string> out;
  for (const toml::node& item : array) {
    const auto text = item.value_exact<std::string>();
    if (!text) return std::nullopt;
    out.push_back(*text);
  }
  return out;
}

void collect(const toml::table& table, const std::string& prefix, TomlFile& out) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + upper(key.str());
    const int line = static_cast<int>(node.source().begin.line);
    RawValue value;
    if (const auto* inner = node.as_table()) {
      collect(*inner, name + "_", out);
      continue;
    }
    if (const auto* array = node.as_array()) {
      value.list = texts_of(*array);
      if (!value.list) {
        out.problems.push_back({line, name + ": a list must hold texts only"});
        continue;
      }
    } else if (const auto text = node.value_exact<std::string>()) {
      value.text = *text;
    } else if (const auto number = node.value_exact<std::int64_t>()) {
      value.text = std::to_string(*number);
    } else if (const auto flag = node.value_exact<bool>()) {
      value.text = *flag ? "true" : "false";
    } else {
      out.problems.push_back(
          {line, name + ": must be a text, a whole number, true or false, or a list of texts"});
      continue;
    }
    out.entries.push_back({name, std::move(value), line});
  }
}

}  // namespace

TomlFile parse_toml(std::string_view text) {
  TomlFile file;
  try {
    collect(toml::parse(text), "", file);
  } catch (const toml::parse_error& error) {
    // The description may quote the text around the fault, which may be a secret: the place is enough.
    file.problems.push_back({static_cast<int>(error.source().begin.line), "is not TOML at this place"});
  }
  return file;
}

std::optional<std::vector<std::string>> parse_list(std::string_view text) {
  std::size_t start = text.find_first_not_of(" \t");
  if (start == std::string_view::npos) return std::vector<std::string>{};
  if (text[start] == '[') {
    // An array of strings is written alike in JSON and in TOML, but for JSON's needless escape of '/'.
    std::string plain = "v = ";
    for (std::size_t i = start; i < text.size(); ++i) {
      if (text[i] == '\n' || text[i] == '\r') return std::nullopt;
      if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '/') continue;
      plain += text[i];
    }
    const TomlFile file = parse_toml(plain);
    if (!file.problems.empty() || file.entries.size() != 1) return std::nullopt;
    return file.entries.front().value.list;
  }
  std::vector<std::string> out;
  while (start < text.size()) {
    const std::size_t comma = std::min(text.find(',', start), text.size());
    std::string_view item = text.substr(start, comma - start);
    while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
    while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
    if (!item.empty()) out.emplace_back(item);
    start = comma + 1;
  }
  return out;
}

}  // namespace mychat::server
