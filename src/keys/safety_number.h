// The number that two people compare to be sure of each other's keys, and the QR code that does it for them.
// docs/safety-number.md defines both to the byte.
#pragma once

#include <string>
#include <string_view>

#include "crypto/rsa.h"

namespace mychat {

// One side of a comparison. The handle is full and canonical ("alice@example.org").
struct SafetyParty {
  std::string handle;
  RsaPublicKey key;
};

// 60 decimal digits in 12 groups of 5 separated by blanks; the same for both sides. Takes some milliseconds.
std::string safety_number(const SafetyParty& one, const SafetyParty& other);

// Text of the QR code that `mine` shows to `theirs`: "mychat:verify:1:..." in characters that any QR reader
// passes on.
std::string safety_qr_payload(const SafetyParty& mine, const SafetyParty& theirs);

enum class ScanResult {
  kMatch,         // Both keys are the same on both sides.
  kMismatch,      // The right people, but at least one key differs: do not trust.
  kOtherPeople,   // A code about somebody else.
  kNewerVersion,  // A MyChat code of a version that this library does not know.
};

// What the other side's code says about the keys known here. A text that is no such code: MYCHAT_E_MALFORMED.
ScanResult compare_scanned(std::string_view payload, const SafetyParty& mine, const SafetyParty& theirs);

}  // namespace mychat
