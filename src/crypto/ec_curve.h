// Arithmetic on the curves P-256, P-384 and P-521, for the .cpp files of this folder. Scalars are big-endian
// and as long as the curve's order, points uncompressed. Straight over EC_POINT: an EVP_PKEY of a curve costs
// more to make in OpenSSL 3.0 than P-256 takes to compute.
#pragma once

#include <openssl/ec.h>

#include "crypto/internal.h"
#include "crypto/random.h"

namespace mychat::detail {

struct EcCurve {
  const char* name;
  std::size_t size;  // Of a scalar and of a coordinate, in bytes.
  std::uint8_t top;  // The bits that a scalar's first byte may have.
  const EC_GROUP* group;
  Secret order;

  std::size_t point_size() const noexcept { return 1 + 2 * size; }
};

// Made once a process; may be shared by threads.
const EcCurve& curve_p256();
const EcCurve& curve_p384();
const EcCurve& curve_p521();

// Whether it has the curve's size and is in [1, n-1]; the time does not depend on its value.
bool is_ec_scalar(const EcCurve& curve, ByteView scalar) noexcept;
// Shorter scalars are taken as if zeros stood before them; MYCHAT_E_MALFORMED when it is none.
Secret ec_scalar(const EcCurve& curve, ByteView bytes);
Secret random_ec_scalar(const EcCurve& curve, const RandomSource& random = random_secret_bytes);

// Whether it is a point of the curve, and not the point at infinity. The curves' cofactor is 1: such a point
// is also in the right group.
bool is_ec_point(const EcCurve& curve, ByteView point);
// Both take a scalar that is_ec_scalar(). The second gives the x coordinate, as ECDH does;
// MYCHAT_E_MALFORMED when `point` is none.
Bytes ec_public_key(const EcCurve& curve, ByteView scalar);
Secret ec_agree(const EcCurve& curve, ByteView scalar, ByteView point);

}  // namespace mychat::detail
