#include "qr.h"

#include <qrencode.h>

#include <memory>

#include "api.h"

namespace cli {

std::string qr_code(const std::string& text, bool colours) {
  constexpr int kQuiet = 4;
  const std::unique_ptr<QRcode, void (*)(QRcode*)> code(
      QRcode_encodeString8bit(text.c_str(), 0, QR_ECLEVEL_L), QRcode_free);
  if (!code) throw ApiError(MYCHAT_E_INTERNAL, MYCHAT_DOMAIN_NONE, "The QR code could not be made.");
  const int width = code->width;
  const auto light = [&](int x, int y) {
    if (x < 0 || y < 0 || x >= width || y >= width) return true;
    return (code->data[y * width + x] & 1) == 0;
  };
  std::string out;
  for (int y = -kQuiet; y < width + kQuiet; y += 2) {
    if (colours) out += "\033[97;40m";
    for (int x = -kQuiet; x < width + kQuiet; ++x) {
      const bool upper = light(x, y);
      const bool lower = light(x, y + 1);
      out += upper && lower ? "█" : upper ? "▀" : lower ? "▄" : " ";
    }
    if (colours) out += "\033[0m";
    out += '\n';
  }
  return out;
}

}  // namespace cli
