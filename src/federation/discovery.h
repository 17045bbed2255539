// What a node's domain answers when it is asked who it is. Pure: how it is fetched is the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "federation/address_rules.h"
#include "federation/node_document.h"

namespace mychat::federation {

inline constexpr std::size_t kWellKnownMax = 256 * 1024;  // Bytes of /.well-known/mychat-node.

// A clock is not taken to be wrong for less: it is within what signatures allow, and dates have whole
// seconds.
inline constexpr std::int64_t kLeastClockAheadMs = 10'000;

// Where that is. `plain_http`: for development.
std::string well_known_url(std::string_view domain, bool plain_http);

struct Discovered {
  Statement statement;
  VerifiedDocument document;
  std::int64_t clock_ahead_ms = 0;  // Of the peer, by the date of its answer; 0 when it is less than 10 s.
};

// The member `federation` of what was answered. Throws MYCHAT_E_NODE (`status` is not 200),
// MYCHAT_E_UNSUPPORTED (a node of protocol 1, whose answer has no such member); as verify_document() does.
Discovered read_well_known(int status, std::string_view body, std::optional<std::int64_t> date_ms,
                           std::string_view domain, std::int64_t now_ms, const DocumentRules& rules);

// Why an address must not be connected to, as the end of a sentence; empty when it may.
std::string address_objection(const AddressRules& rules, const sockaddr* address);

}  // namespace mychat::federation
