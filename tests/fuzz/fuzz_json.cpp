// Any bytes: the reader accepts or refuses with an Error; what it accepts is written and read back the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/error.h"
#include "protocol/json.h"
#include "protocol/json_writer.h"

namespace {

using namespace mychat;

void require(bool holds) {
  if (!holds) std::abort();
}

void write(JsonView v, JsonWriter& out) {
  if (v.is_object()) {
    out.begin_object();
    for (const JsonView member : v) {
      out.key(member.name());
      write(member, out);
    }
    out.end_object();
  } else if (v.is_array()) {
    out.begin_array();
    for (const JsonView element : v) write(element, out);
    out.end_array();
  } else if (const auto text = v.string_or_none()) {
    require(is_utf8(*text));
    out.value(*text);
  } else if (const auto number = v.int_or_none()) {
    out.value(*number);
  } else if (v.is_number()) {
    double value = 0;
    try {
      value = v.as_double();
    } catch (const Error&) {  // Beyond a double's range.
    }
    out.value(value);
  } else if (const auto flag = v.bool_or_none()) {
    out.value(*flag);
  } else {
    require(v.is_null());
    out.null();
  }
}

std::string written(JsonView v, JsonLayout layout) {
  std::string text;
  JsonWriter out(text, layout);
  write(v, out);
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  try {
    const Json json = Json::parse(input, {.max_bytes = 1 << 20, .wipe = size % 2 == 0});
    const std::string once = written(json, JsonLayout::kCompact);
    [&]() noexcept {  // Reading what was printed may not fail.
      require(written(Json::parse(once), JsonLayout::kCompact) == once);
      require(written(Json::parse(written(json, JsonLayout::kPretty)), JsonLayout::kCompact) == once);
    }();
    for (const JsonView child : json.root()) require(!child.path().empty());
  } catch (const Error& error) {
    require(error.status() == MYCHAT_E_MALFORMED || error.status() == MYCHAT_E_TOO_LARGE);
    require(error.domain() == MYCHAT_DOMAIN_PROTOCOL);
  }
  return 0;
}
