#include "federation/structured_fields.h"

#include <algorithm>
#include <limits>

#include "base/encoding.h"
#include "base/error.h"

namespace mychat::federation::sf {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
bool is_key_start(char c) { return is_lower(c) || c == '*'; }
bool is_key(char c) { return is_key_start(c) || is_digit(c) || c == '_' || c == '-' || c == '.'; }
bool is_token(char c) {
  return is_alpha(c) || is_digit(c) ||
         std::string_view("!#$%&'*+-.^_`|~:/").find(c) != std::string_view::npos;
}
bool is_visible(char c) { return c >= 0x20 && c <= 0x7e; }

class Parser {
 public:
  Parser(std::string_view text, std::string_view field) : text_(text), field_(field) {}

  Dictionary dictionary() {
    Dictionary members;
    skip_spaces();
    while (!at_end()) {
      if (members.size() >= kMembersMax) fail("has too many members");
      std::string name = key();
      if (find(members, name) != nullptr) fail("has the member \"" + name + "\" twice");
      members.emplace_back(std::move(name), member());
      skip_blanks();
      if (at_end()) break;
      expect(',');
      skip_blanks();
      if (at_end()) fail("ends with a comma");
    }
    return members;
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(MYCHAT_E_MALFORMED, MYCHAT_DOMAIN_PROTOCOL,
                "The header " + std::string(field_) + " " + problem + ".");
  }
  bool at_end() const { return at_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  char take() {
    if (at_end()) fail("ends too early");
    return text_[at_++];
  }
  bool accept(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(std::string("lacks a \"") + c + "\" at byte " + std::to_string(at_));
  }
  void skip_spaces() {
    while (accept(' ')) {
    }
  }
  void skip_blanks() {
    while (accept(' ') || accept('\t')) {
    }
  }

  std::string key() {
    if (!is_key_start(peek())) fail("has no name at byte " + std::to_string(at_));
    const std::size_t begin = at_;
    while (!at_end() && is_key(text_[at_])) ++at_;
    if (at_ - begin > kKeyMax) fail("has a name that is too long");
    return std::string(text_.substr(begin, at_ - begin));
  }

  Member member() {
    if (!accept('=')) return Item{true, parameters()};
    if (peek() == '(') return inner_list();
    return item();
  }

  InnerList inner_list() {
    InnerList list;
    expect('(');
    for (;;) {
      skip_spaces();
      if (accept(')')) break;
      if (list.items.size() >= kListMax) fail("has too long a list");
      list.items.push_back(item());
      if (peek() != ' ' && peek() != ')') fail("lacks a space at byte " + std::to_string(at_));
    }
    list.parameters = parameters();
    return list;
  }

  Item item() {
    BareItem value = bare_item();
    return {std::move(value), parameters()};
  }

  Parameters parameters() {
    Parameters list;
    while (accept(';')) {
      skip_spaces();
      if (list.size() >= kParametersMax) fail("has too many parameters");
      std::string name = key();
      const bool known =
          std::any_of(list.begin(), list.end(), [&](const auto& one) { return one.first == name; });
      if (known) fail("has the parameter \"" + name + "\" twice");
      BareItem value = true;
      if (accept('=')) value = bare_item();
      list.emplace_back(std::move(name), std::move(value));
    }
    return list;
  }

  BareItem bare_item() {
    const char c = peek();
    if (c == '-' || is_digit(c)) return integer();
    if (c == '"') return string();
    if (c == ':') return bytes();
    if (c == '?') return boolean();
    if (c == '*' || is_alpha(c)) return token();
    fail("has no value at byte " + std::to_string(at_));
  }

  std::int64_t integer() {
    constexpr int kDigitsMax = 15;
    const bool negative = accept('-');
    std::int64_t number = 0;
    int digits = 0;
    for (; is_digit(peek()); ++digits) {
      if (digits == kDigitsMax) fail("has a number of more than 15 digits");
      number = number * 10 + (take() - '0');
    }
    if (digits == 0) fail("has a sign without a number");
    if (peek() == '.') fail("has a decimal, which nothing here has");
    return negative ? -number : number;
  }

  std::string string() {
    std::string out;
    expect('"');
    for (;;) {
      char c = take();
      if (c == '"') return out;
      if (c == '\\') {
        c = take();
        if (c != '"' && c != '\\') fail("has an escape that is none");
      } else if (!is_visible(c)) {
        fail("has a character that a string cannot have");
      }
      out.push_back(c);
    }
  }

  Bytes bytes() {
    expect(':');
    const std::size_t end = text_.find(':', at_);
    if (end == std::string_view::npos) fail("has bytes without an end");
    const auto decoded = base64_decode(text_.substr(at_, end - at_));
    if (!decoded) fail("has bytes that are not base64");
    at_ = end + 1;
    return *decoded;
  }

  bool boolean() {
    expect('?');
    const char c = take();
    if (c != '0' && c != '1') fail("has a truth value that is none");
    return c == '1';
  }

  Token token() {
    const std::size_t begin = at_;
    while (!at_end() && is_token(text_[at_])) ++at_;
    return {std::string(text_.substr(begin, at_ - begin))};
  }

  std::string_view text_;
  std::string_view field_;
  std::size_t at_ = 0;
};

const BareItem* find_parameter(const Parameters& parameters, std::string_view name) noexcept {
  for (const auto& [key, value] : parameters) {
    if (key == name) return &value;
  }
  return nullptr;
}

struct BareWriter {
  std::string& out;

  void operator()(std::int64_t number) const { out += std::to_string(number); }
  void operator()(const std::string& text) const {
    if (!std::all_of(text.begin(), text.end(), is_visible))
      throw_argument("A header's string must be printable ASCII.");
    out.push_back('"');
    for (const char c : text) {
      if (c == '"' || c == '\\') out.push_back('\\');
      out.push_back(c);
    }
    out.push_back('"');
  }
  void operator()(const Token& token) const {
    const bool good = !token.text.empty() && (is_alpha(token.text[0]) || token.text[0] == '*') &&
                      std::all_of(token.text.begin(), token.text.end(), is_token);
    if (!good) throw_argument("This cannot be a token of a header.");
    out += token.text;
  }
  void operator()(const Bytes& bytes) const { out += ':' + base64_encode(bytes) + ':'; }
  void operator()(bool flag) const { out += flag ? "?1" : "?0"; }
};

void write(std::string& out, const Parameters& parameters) {
  for (const auto& [name, value] : parameters) {
    out += ';' + name;
    const auto* flag = std::get_if<bool>(&value);
    if (flag != nullptr && *flag) continue;
    out.push_back('=');
    std::visit(BareWriter{out}, value);
  }
}

void write(std::string& out, const Item& item) {
  std::visit(BareWriter{out}, item.value);
  write(out, item.parameters);
}

void write(std::string& out, const InnerList& list) {
  out.push_back('(');
  bool first = true;
  for (const Item& item : list.items) {
    if (!std::exchange(first, false)) out.push_back(' ');
    write(out, item);
  }
  out.push_back(')');
  write(out, list.parameters);
}

}  // namespace

const BareItem* Item::parameter(std::string_view name) const noexcept {
  return find_parameter(parameters, name);
}
const BareItem* InnerList::parameter(std::string_view name) const noexcept {
  return find_parameter(parameters, name);
}

Dictionary parse_dictionary(std::string_view text, std::string_view field) {
  if (text.size() > kFieldMax) {
    throw Error(MYCHAT_E_TOO_LARGE, MYCHAT_DOMAIN_PROTOCOL,
                "The header " + std::string(field) + " is too long.");
  }
  return Parser(text, field).dictionary();
}

const Member* find(const Dictionary& dictionary, std::string_view name) noexcept {
  for (const auto& [key, member] : dictionary) {
    if (key == name) return &member;
  }
  return nullptr;
}

std::string serialize(const Item& item) {
  std::string out;
  write(out, item);
  return out;
}

std::string serialize(const InnerList& list) {
  std::string out;
  write(out, list);
  return out;
}

std::string serialize(const Dictionary& dictionary) {
  std::string out;
  for (const auto& [name, member] : dictionary) {
    if (!out.empty()) out += ", ";
    out += name;
    if (const auto* item = std::get_if<Item>(&member)) {
      const auto* flag = std::get_if<bool>(&item->value);
      if (flag != nullptr && *flag) {
        write(out, item->parameters);
        continue;
      }
      out.push_back('=');
      write(out, *item);
    } else {
      out.push_back('=');
      write(out, std::get<InnerList>(member));
    }
  }
  return out;
}

}  // namespace mychat::federation::sf
