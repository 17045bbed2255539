#include "crypto/ec_curve.h"

#include <openssl/obj_mac.h>

#include <algorithm>

#include "crypto/random.h"

namespace mychat::detail {

namespace {

using Point = Owned<EC_POINT, EC_POINT_clear_free>;

constexpr char kFailed[] = "Arithmetic on a curve failed.";

EcCurve* make_curve(const char* name, int id, std::size_t size, std::uint8_t top) {
  const EC_GROUP* const group = required(EC_GROUP_new_by_curve_name(id), "A curve is not available.");
  Secret order(size);
  if (BN_bn2binpad(EC_GROUP_get0_order(group), order.data(), int_size(size)) < 0) throw_crypto(kFailed);
  return new EcCurve{name, size, top, group, std::move(order)};
}

Point new_point(const EcCurve& curve) {
  return Point(required(EC_POINT_new(curve.group), "A point could not be allocated."));
}

// Null when the bytes are none.
Point parse_point(const EcCurve& curve, ByteView bytes, BN_CTX* context) {
  if (bytes.size() != curve.point_size() || bytes[0] != POINT_CONVERSION_UNCOMPRESSED) return nullptr;
  Point point = new_point(curve);
  if (EC_POINT_oct2point(curve.group, point.get(), bytes.data(), bytes.size(), context) != 1) {
    clear_crypto_errors();
    return nullptr;
  }
  return point;
}

Bignum parse_scalar(ByteView scalar) {
  Bignum number = secret_number();
  required(BN_bin2bn(scalar.data(), int_size(scalar.size()), number.get()), kFailed);
  return number;
}

}  // namespace

const EcCurve& curve_p256() {
  static const EcCurve* const curve = make_curve("P-256", NID_X9_62_prime256v1, 32, 0xFF);
  return *curve;
}

const EcCurve& curve_p384() {
  static const EcCurve* const curve = make_curve("P-384", NID_secp384r1, 48, 0xFF);
  return *curve;
}

const EcCurve& curve_p521() {
  static const EcCurve* const curve = make_curve("P-521", NID_secp521r1, 66, 0x01);
  return *curve;
}

bool is_ec_scalar(const EcCurve& curve, ByteView scalar) noexcept {
  if (scalar.size() != curve.size) return false;
  // scalar - order, of which only the borrow is wanted.
  unsigned borrow = 0, any = 0;
  for (std::size_t i = curve.size; i-- > 0;) {
    borrow = ((scalar[i] - static_cast<unsigned>(curve.order[i]) - borrow) >> 8) & 1;
    any |= scalar[i];
  }
  return borrow == 1 && any != 0;
}

Secret ec_scalar(const EcCurve& curve, ByteView bytes) {
  Secret scalar(curve.size);
  if (bytes.size() <= curve.size) std::copy(bytes.begin(), bytes.end(), scalar.end() - std::ssize(bytes));
  if (!is_ec_scalar(curve, scalar)) {  // Zeros when it was too long.
    throw Error(MYCHAT_E_MALFORMED, MYCHAT_DOMAIN_CRYPTO,
                std::string("The bytes are not a private key of ") + curve.name + ".");
  }
  return scalar;
}

Secret random_ec_scalar(const EcCurve& curve, const RandomSource& random) {
  // P-521's worst chance is one half.
  for (int tries = 0; tries < 256; ++tries) {
    Secret scalar(curve.size);
    random(scalar);
    scalar[0] &= curve.top;
    if (is_ec_scalar(curve, scalar)) return scalar;
  }
  throw Error(MYCHAT_E_RANDOM, MYCHAT_DOMAIN_CRYPTO, "The randomness is none.");
}

bool is_ec_point(const EcCurve& curve, ByteView point) {
  return parse_point(curve, point, nullptr) != nullptr;
}

Bytes ec_public_key(const EcCurve& curve, ByteView scalar) {
  const BignumContext context = secret_context();
  const Bignum number = parse_scalar(scalar);
  const Point point = new_point(curve);
  check(EC_POINT_mul(curve.group, point.get(), number.get(), nullptr, nullptr, context.get()), kFailed);
  Bytes bytes(curve.point_size());
  if (EC_POINT_point2oct(curve.group, point.get(), POINT_CONVERSION_UNCOMPRESSED, bytes.data(), bytes.size(),
                         context.get()) != bytes.size()) {
    throw_crypto(kFailed);
  }
  return bytes;
}

Secret ec_agree(const EcCurve& curve, ByteView scalar, ByteView point) {
  const BignumContext context = secret_context();
  const Point peer = parse_point(curve, point, context.get());
  if (!peer) {
    throw Error(MYCHAT_E_MALFORMED, MYCHAT_DOMAIN_CRYPTO,
                std::string("The bytes are not a public key of ") + curve.name + ".");
  }
  const Bignum number = parse_scalar(scalar), x = secret_number();
  const Point product = new_point(curve);
  check(EC_POINT_mul(curve.group, product.get(), nullptr, peer.get(), number.get(), context.get()), kFailed);
  check(EC_POINT_get_affine_coordinates(curve.group, product.get(), x.get(), nullptr, context.get()),
        kFailed);
  Secret shared(curve.size);
  if (BN_bn2binpad(x.get(), shared.data(), int_size(shared.size())) < 0) throw_crypto(kFailed);
  return shared;
}

}  // namespace mychat::detail
