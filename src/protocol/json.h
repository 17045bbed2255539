// JSON input. One strict pass over the bytes (RFC 8259 grammar, UTF-8, escapes, bounds) decides what is
// accepted; only then does cJSON build the tree. Values are read through views that know where they stand in
// the document.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

struct cJSON;

namespace mychat {

// Of the cJSON that runs: "1.7.15".
const char* cjson_version() noexcept;

struct JsonOptions {
  std::size_t max_bytes = 16 * 1024 * 1024;
  std::size_t max_depth = 32;     // Containers within containers; at most 512 (cJSON recurses).
  std::size_t max_nodes = 16384;  // Values of any type, containers included.
  bool wipe = false;              // The parsed strings are secrets: wipe them on destruction.
};

// Integers beyond this do not survive a double, and are refused.
inline constexpr std::int64_t kJsonMaxInteger = (std::int64_t{1} << 53) - 1;

// A value inside a Json, which must outlive it. A default-constructed view is "absent".
class JsonView {
 public:
  JsonView() noexcept = default;
  JsonView(const cJSON* item, const cJSON* root) noexcept : item_(item), root_(root) {}

  explicit operator bool() const noexcept { return item_ != nullptr; }
  bool is_null() const noexcept;
  bool is_object() const noexcept;
  bool is_array() const noexcept;
  bool is_string() const noexcept;
  bool is_number() const noexcept;
  bool is_bool() const noexcept;
  // Neither absent nor null.
  bool has_value() const noexcept { return item_ != nullptr && !is_null(); }

  // The value, or MYCHAT_E_MALFORMED naming the place ("items[2].data.id").
  std::string_view as_string() const;
  // A number without a fraction, at most kJsonMaxInteger in magnitude.
  std::int64_t as_int(std::int64_t least = -kJsonMaxInteger, std::int64_t most = kJsonMaxInteger) const;
  bool as_bool() const;
  double as_double() const;  // Finite.
  // The same without an error: nothing when it is not of that kind.
  std::optional<std::string_view> string_or_none() const noexcept;
  std::optional<std::int64_t> int_or_none() const noexcept;
  std::optional<bool> bool_or_none() const noexcept;

  // Objects. Names are compared exactly; a name occurs once. Absent when there is none or this is no object.
  JsonView find(std::string_view name) const noexcept;
  // Required members.
  JsonView at(std::string_view name) const;  // Present, perhaps null.
  JsonView object(std::string_view name) const;
  JsonView array(std::string_view name) const;
  std::string_view string(std::string_view name) const { return at(name).as_string(); }
  std::int64_t integer(std::string_view name) const { return at(name).as_int(); }
  bool boolean(std::string_view name) const { return at(name).as_bool(); }
  // Optional members: nothing when absent or null, an error when of another type.
  std::optional<std::string_view> optional_string(std::string_view name) const;
  std::optional<std::int64_t> optional_int(std::string_view name) const;
  std::optional<bool> optional_bool(std::string_view name) const;
  JsonView optional_object(std::string_view name) const;  // Absent also for null.
  JsonView optional_array(std::string_view name) const;

  // Elements of an array or members of an object, in order; none for anything else.
  class Iterator {
   public:
    using value_type = JsonView;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::forward_iterator_tag;
    using reference = JsonView;
    using pointer = void;
    Iterator() noexcept = default;
    Iterator(const cJSON* item, const cJSON* root) noexcept : item_(item), root_(root) {}
    JsonView operator*() const noexcept { return {item_, root_}; }
    Iterator& operator++() noexcept;
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator& other) const noexcept { return item_ == other.item_; }

   private:
    const cJSON* item_ = nullptr;
    const cJSON* root_ = nullptr;
  };
  Iterator begin() const noexcept;
  Iterator end() const noexcept { return {nullptr, root_}; }
  std::size_t size() const noexcept;
  // The name of this member; empty for the root and for elements of an array.
  std::string_view name() const noexcept;

  // Where this stands in its document, for error messages; "the document" for the root.
  std::string path() const;
  [[noreturn]] void fail(const std::string& problem) const;  // "`path` problem."

 private:
  friend class Json;
  const cJSON* item_ = nullptr;
  const cJSON* root_ = nullptr;
};

// A parsed document. Converts to the view of its root.
class Json {
 public:
  // Throws MYCHAT_E_MALFORMED or, beyond a bound, MYCHAT_E_TOO_LARGE (domain PROTOCOL). Refused besides what
  // is not JSON: bytes after the value, ill-formed UTF-8, lone surrogates, NUL in strings, a member name used
  // twice.
  static Json parse(std::string_view text, const JsonOptions& options = {});

  Json(Json&& other) noexcept;
  Json& operator=(Json&& other) noexcept;
  ~Json();

  JsonView root() const noexcept { return {root_.get(), root_.get()}; }
  operator JsonView() const noexcept { return root(); }
  const JsonView* operator->() const noexcept { return &view_; }
  void wipe_on_destruction() noexcept { wipe_ = true; }

 private:
  struct Delete {
    void operator()(cJSON* item) const noexcept;
  };
  Json(cJSON* root, bool wipe) noexcept : root_(root), view_(root, root), wipe_(wipe) {}
  void reset() noexcept;

  std::unique_ptr<cJSON, Delete> root_;
  JsonView view_;
  bool wipe_ = false;
};

// The strict pass alone: throws as Json::parse does, except for names used twice.
void check_json(std::string_view text, const JsonOptions& options = {});

}  // namespace mychat
