#include "protocol/json.h"

#include <cjson/cJSON.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include "base/error.h"

namespace mychat {
namespace {

bool is_type(const cJSON* item, int type) noexcept { return item != nullptr && (item->type & 0xFF) == type; }

[[noreturn]] void malformed(const std::string& message) {
  throw Error(MYCHAT_E_MALFORMED, MYCHAT_DOMAIN_PROTOCOL, message);
}

bool name_is(const cJSON* item, std::string_view name) noexcept {
  // Most names differ in the first byte already.
  return item->string != nullptr && (name.empty() || item->string[0] == name.front()) &&
         std::strncmp(item->string, name.data(), name.size()) == 0 && item->string[name.size()] == '\0';
}

void wipe(cJSON* first) noexcept {
  for (cJSON* item = first; item != nullptr; item = item->next) {
    if (item->valuestring != nullptr) secure_wipe(item->valuestring, std::strlen(item->valuestring));
    if (item->string != nullptr) secure_wipe(item->string, std::strlen(item->string));
    item->valuedouble = 0;
    item->valueint = 0;
    wipe(item->child);
  }
}

// Few members are compared pairwise, many sorted, so that no input makes this quadratic.
bool repeats_a_name(const cJSON* object) {
  constexpr std::size_t kFew = 24;
  std::size_t count = 0;
  for (const cJSON* a = object->child; a != nullptr; a = a->next) ++count;
  if (count <= kFew) {
    for (const cJSON* a = object->child; a != nullptr; a = a->next)
      for (const cJSON* b = a->next; b != nullptr; b = b->next)
        if (a->string[0] == b->string[0] && std::strcmp(a->string, b->string) == 0) return true;
    return false;
  }
  std::vector<std::string_view> names;
  names.reserve(count);
  for (const cJSON* a = object->child; a != nullptr; a = a->next) names.emplace_back(a->string);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

// Depth is bounded by the scan. Returns the first object that repeats a name.
const cJSON* find_repetition(const cJSON* item) {
  if (is_type(item, cJSON_Object) && repeats_a_name(item)) return item;
  for (const cJSON* child = item->child; child != nullptr; child = child->next) {
    if (child->child == nullptr) continue;
    if (const cJSON* found = find_repetition(child)) return found;
  }
  return nullptr;
}

// Appends the way from `from` to `to`; false when it is not below.
bool find_path(const cJSON* from, const cJSON* to, std::string& path) {
  if (from == to) return true;
  const std::size_t before = path.size();
  std::size_t index = 0;
  for (const cJSON* child = from->child; child != nullptr; child = child->next, ++index) {
    if (is_type(from, cJSON_Object)) {
      if (!path.empty()) path += '.';
      path.append(child->string, std::min<std::size_t>(std::strlen(child->string), 64));
    } else {
      path += '[' + std::to_string(index) + ']';
    }
    if (find_path(child, to, path)) return true;
    path.resize(before);
  }
  return false;
}

}  // namespace

const char* cjson_version() noexcept { return cJSON_Version(); }

// --- JsonView

bool JsonView::is_null() const noexcept { return is_type(item_, cJSON_NULL); }
bool JsonView::is_object() const noexcept { return is_type(item_, cJSON_Object); }
bool JsonView::is_array() const noexcept { return is_type(item_, cJSON_Array); }
bool JsonView::is_string() const noexcept { return is_type(item_, cJSON_String); }
bool JsonView::is_number() const noexcept { return is_type(item_, cJSON_Number); }
bool JsonView::is_bool() const noexcept { return is_type(item_, cJSON_True) || is_type(item_, cJSON_False); }

std::optional<std::string_view> JsonView::string_or_none() const noexcept {
  if (!is_string()) return std::nullopt;
  return std::string_view(item_->valuestring);
}

std::optional<std::int64_t> JsonView::int_or_none() const noexcept {
  if (!is_number()) return std::nullopt;
  const double number = item_->valuedouble;
  if (!(std::fabs(number) <= static_cast<double>(kJsonMaxInteger)) || number != std::trunc(number))
    return std::nullopt;
  return static_cast<std::int64_t>(number);
}

std::optional<bool> JsonView::bool_or_none() const noexcept {
  if (!is_bool()) return std::nullopt;
  return is_type(item_, cJSON_True);
}

std::string_view JsonView::as_string() const {
  const auto text = string_or_none();
  if (!text) fail("is not a string");
  return *text;
}

std::int64_t JsonView::as_int(std::int64_t least, std::int64_t most) const {
  const auto number = int_or_none();
  if (!number) fail("is not an integer of at most 53 bits");
  if (*number < least || *number > most) fail("is out of range");
  return *number;
}

bool JsonView::as_bool() const {
  const auto flag = bool_or_none();
  if (!flag) fail("is not true or false");
  return *flag;
}

double JsonView::as_double() const {
  if (!is_number() || !std::isfinite(item_->valuedouble)) fail("is not a number");
  return item_->valuedouble;
}

JsonView JsonView::find(std::string_view name) const noexcept {
  if (!is_object()) return {nullptr, root_};
  for (const cJSON* child = item_->child; child != nullptr; child = child->next)
    if (name_is(child, name)) return {child, root_};
  return {nullptr, root_};
}

JsonView JsonView::at(std::string_view name) const {
  if (!is_object()) fail("is not an object");
  const JsonView found = find(name);
  if (!found) fail("lacks the member \"" + std::string(name) + "\"");
  return found;
}

JsonView JsonView::object(std::string_view name) const {
  const JsonView found = at(name);
  if (!found.is_object()) found.fail("is not an object");
  return found;
}

JsonView JsonView::array(std::string_view name) const {
  const JsonView found = at(name);
  if (!found.is_array()) found.fail("is not an array");
  return found;
}

std::optional<std::string_view> JsonView::optional_string(std::string_view name) const {
  const JsonView found = find(name);
  if (!found.has_value()) return std::nullopt;
  return found.as_string();
}

std::optional<std::int64_t> JsonView::optional_int(std::string_view name) const {
  const JsonView found = find(name);
  if (!found.has_value()) return std::nullopt;
  return found.as_int();
}

std::optional<bool> JsonView::optional_bool(std::string_view name) const {
  const JsonView found = find(name);
  if (!found.has_value()) return std::nullopt;
  return found.as_bool();
}

JsonView JsonView::optional_object(std::string_view name) const {
  return find(name).has_value() ? object(name) : JsonView();
}

JsonView JsonView::optional_array(std::string_view name) const {
  return find(name).has_value() ? array(name) : JsonView();
}

JsonView::Iterator& JsonView::Iterator::operator++() noexcept {
  item_ = item_->next;
  return *this;
}

JsonView::Iterator JsonView::begin() const noexcept {
  return {is_array() || is_object() ? item_->child : nullptr, root_};
}

std::size_t JsonView::size() const noexcept {
  return static_cast<std::size_t>(std::distance(begin(), end()));
}

std::string_view JsonView::name() const noexcept {
  return item_ == nullptr || item_->string == nullptr ? std::string_view() : std::string_view(item_->string);
}

std::string JsonView::path() const {
  std::string path;
  if (item_ == nullptr || root_ == nullptr || !find_path(root_, item_, path) || path.empty())
    return "the document";
  return path;
}

void JsonView::fail(const std::string& problem) const {
  malformed("In the JSON, " + path() + " " + problem + ".");
}

// --- Json

void Json::Delete::operator()(cJSON* item) const noexcept { cJSON_Delete(item); }

Json::Json(Json&& other) noexcept
    : root_(std::move(other.root_)), view_(std::exchange(other.view_, {})), wipe_(other.wipe_) {}

Json& Json::operator=(Json&& other) noexcept {
  if (this != &other) {
    reset();
    root_ = std::move(other.root_);
    view_ = std::exchange(other.view_, {});
    wipe_ = other.wipe_;
  }
  return *this;
}

Json::~Json() { reset(); }

void Json::reset() noexcept {
  if (wipe_) wipe(root_.get());
  root_.reset();
}

Json Json::parse(std::string_view text, const JsonOptions& options) {
  check_json(text, options);
  // The scan accepted the text, so only memory can be what cJSON lacks.
  cJSON* const root = cJSON_ParseWithLength(text.data(), text.size());
  if (root == nullptr) throw std::bad_alloc();
  Json json(root, options.wipe);
  if (const cJSON* repeating = find_repetition(root))
    JsonView(repeating, root).fail("uses a member name twice");
  return json;
}

}  // namespace mychat
