// The official test vectors of MLS (mlswg/mls-implementations, test-vectors.md): what a check of one case
// uses, and the checks of every kind of file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "e2ee/mls/environment.h"
#include "e2ee/mls/suite.h"
#include "e2ee/mls/tree.h"
#include "protocol/json.h"

namespace mychat::mls::vectors {

// Throws what the case fails for when something does not hold.
using Check = void (*)(JsonView);

struct Kind {
  std::string_view name;  // Of the official file, without ".json".
  Check check;
};
const std::vector<Kind>& kinds();

// Of a value that is hex, and of such a member of an object.
Bytes bytes_of(JsonView value);
Bytes bytes(JsonView object, std::string_view name);
Secret secret(JsonView object, std::string_view name);
std::uint32_t number(JsonView object, std::string_view name);

const Suite& suite_of(JsonView vector);
// Everybody is accepted and no lifetime is looked at: the vectors are old.
const Environment& environment();

[[noreturn]] void fail(const std::string& what);
void expect(bool holds, std::string_view what);
void expect_equal(ByteView got, ByteView wanted, std::string_view what);
// Runs a part of a case; what fails in it is reported as being there.
void within(const std::string& place, const std::function<void()>& part);

// What is read and written again must give the same bytes.
template <class T>
T decode_exactly(ByteView bytes, std::string_view what) {
  T value;
  within(std::string(what), [&] {
    value = decode<T>(bytes);
    expect_equal(encode(value), bytes, "the same value written again");
  });
  return value;
}

// crypto_vectors.cpp
void check_crypto_basics(JsonView vector);
void check_key_schedule(JsonView vector);
void check_psk_secret(JsonView vector);
void check_transcript_hashes(JsonView vector);
void check_welcome(JsonView vector);
// message_vectors.cpp
void check_secret_tree(JsonView vector);
void check_message_protection(JsonView vector);
void check_messages(JsonView vector);
void check_deserialization(JsonView vector);
// tree_vectors.cpp
void check_tree_math(JsonView vector);
void check_tree_operations(JsonView vector);
void check_tree_validation(JsonView vector);
// treekem_vectors.cpp
void check_treekem(JsonView vector);
// client_vectors.cpp
void check_passive_client(JsonView vector);

}  // namespace mychat::mls::vectors
