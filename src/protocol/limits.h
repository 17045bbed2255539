// Every limit and fixed text of the wire, once. SDK and node check against the same numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/json.h"

namespace mychat::limits {

// Names
inline constexpr std::size_t kUsernameMin = 3;
inline constexpr std::size_t kUsernameMax = 50;
inline constexpr std::size_t kHostMax = 253;  // RFC 1035
inline constexpr std::size_t kHostLabelMax = 63;
inline constexpr std::size_t kDomainMax = 255;  // With its optional ":port".
inline constexpr std::size_t kHandleMax = 306;
inline constexpr std::size_t kUuidLength = 36;

// Accounts
inline constexpr std::size_t kPasswordMinBytes = 8;
inline constexpr std::size_t kPasswordMaxBytes = 1024;
inline constexpr std::size_t kEmailMax = 254;
inline constexpr std::size_t kTokenMax = 4096;
inline constexpr std::size_t kInviteMax = 128;
inline constexpr std::size_t kDeviceNameMax = 100;  // Code points, as are the next two.
inline constexpr std::size_t kNicknameMax = 100;
inline constexpr std::size_t kStatusMessageMax = 280;
inline constexpr std::size_t kAvatarUrlMax = 2048;  // Bytes.

// Keys
inline constexpr std::size_t kPublicKeyMax = 8192;  // Bytes of PEM or public JWK text.
inline constexpr std::size_t kFingerprintLength = 79;
inline constexpr std::size_t kSigningKeyBytes = 32;
inline constexpr std::size_t kSignatureBytes = 96;  // An Ed25519 key, then its signature.
inline constexpr std::size_t kRsaSignatureMaxBytes = 1024;

// Messages (sizes of binary members are after decoding)
inline constexpr std::size_t kMaxMessageSize = 10'485'760;  // The default; a node announces its own.
inline constexpr std::size_t kEncryptedKeyMaxBytes = 1024;
inline constexpr std::size_t kIvBytes = 12;
inline constexpr std::size_t kSha256Bytes = 32;
inline constexpr std::size_t kTimeTextMax = 40;
inline constexpr std::size_t kIdsPerList = 256;
inline constexpr std::string_view kAlgorithmEnvelopeV1 = "AES-256-GCM+RSA-4096-OAEP";
inline constexpr std::string_view kAlgorithmGroupV1 = "AES-256-GCM";
inline constexpr std::string_view kContentText = "text";
inline constexpr std::string_view kContentImage = "image";
inline constexpr std::string_view kContentFile = "file";

// Pages
inline constexpr std::int64_t kPageDefault = 50;
inline constexpr std::int64_t kPageMax = 100;
inline constexpr std::int64_t kMailboxPageDefault = 256;
inline constexpr std::int64_t kMailboxPageMax = 256;
inline constexpr std::int64_t kMailboxWaitMax = 30;  // Seconds.
inline constexpr std::int64_t kMailboxRetentionDays = 30;
inline constexpr std::int64_t kSeqMax = kJsonMaxInteger;

// WebSocket
inline constexpr std::int64_t kWsWindow = 512;  // Items ahead of the last ack.
inline constexpr std::size_t kWsMaxFrame = 16'777'216;
inline constexpr std::size_t kWsEventsMax = 16;
inline constexpr std::size_t kWsEventNameMax = 32;
inline constexpr std::size_t kWsTypingPerMinute = 60;
inline constexpr int kCloseGoingAway = 1001;
inline constexpr int kClosePolicy = 1008;
inline constexpr int kCloseTooLarge = 1009;
inline constexpr int kCloseUnauthorized = 4001;

// Bounds of documents. A request is flat; an answer may be a mailbox page full of receipts.
inline constexpr JsonOptions kSmallRequest{.max_bytes = 64 * 1024, .max_depth = 8, .max_nodes = 1024};
inline constexpr JsonOptions kSecretRequest{
    .max_bytes = 64 * 1024, .max_depth = 8, .max_nodes = 1024, .wipe = true};
inline constexpr JsonOptions kMessageRequest{.max_bytes = kWsMaxFrame, .max_depth = 8, .max_nodes = 1024};
inline constexpr JsonOptions kAnswer{.max_bytes = 256 * 1024 * 1024, .max_depth = 16, .max_nodes = 131'072};

}  // namespace mychat::limits
