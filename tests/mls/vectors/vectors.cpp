#include "vectors.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "base/encoding.h"

namespace mychat::mls::vectors {

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{
      {"tree-math", check_tree_math},
      {"crypto-basics", check_crypto_basics},
      {"secret-tree", check_secret_tree},
      {"message-protection", check_message_protection},
      {"key-schedule", check_key_schedule},
      {"psk_secret", check_psk_secret},
      {"transcript-hashes", check_transcript_hashes},
      {"welcome", check_welcome},
      {"tree-operations", check_tree_operations},
      {"tree-validation", check_tree_validation},
      {"treekem", check_treekem},
      {"messages", check_messages},
      {"deserialization", check_deserialization},
      {"passive-client-welcome", check_passive_client},
      {"passive-client-handling-commit", check_passive_client},
      {"passive-client-random", check_passive_client},
  };
  return all;
}

Bytes bytes_of(JsonView value) {
  auto out = hex_decode(value.as_string());
  if (!out) value.fail("is not hex");
  return std::move(*out);
}

Bytes bytes(JsonView object, std::string_view name) { return bytes_of(object.at(name)); }

Secret secret(JsonView object, std::string_view name) { return to_secret(bytes(object, name)); }

std::uint32_t number(JsonView object, std::string_view name) {
  return static_cast<std::uint32_t>(
      object.at(name).as_int(0, std::int64_t{std::numeric_limits<std::uint32_t>::max()}));
}

const Suite& suite_of(JsonView vector) {
  return Suite::get(static_cast<SuiteId>(number(vector, "cipher_suite")));
}

const Environment& environment() {
  static const AcceptEveryone everyone;
  static const Environment shared = [] {
    Environment out;
    out.authentication = &everyone;
    out.check_received_lifetimes = false;
    out.longest_lifetime = ~std::uint64_t{0};
    // The vectors may take up the resumption key of any epoch.
    out.resumption_epochs = 100000;
    return out;
  }();
  return shared;
}

void fail(const std::string& what) { throw std::runtime_error(what); }

void expect(bool holds, std::string_view what) {
  if (!holds) fail(std::string(what));
}

void expect_equal(ByteView got, ByteView wanted, std::string_view what) {
  if (std::ranges::equal(got, wanted)) return;
  const auto shown = [](ByteView value) {
    return hex_encode(value.first(std::min<std::size_t>(value.size(), 32))) +
           (value.size() > 32 ? "..." : "");
  };
  fail(std::string(what) + ": got " + shown(got) + ", wanted " + shown(wanted));
}

void within(const std::string& place, const std::function<void()>& part) {
  try {
    part();
  } catch (const std::exception& error) {
    fail(place + ": " + error.what());
  }
}

}  // namespace mychat::mls::vectors
