// QR codes in a terminal.
#pragma once

#include <string>

namespace cli {

// Half blocks, two modules a character, with the quiet zone; in colours that scan on dark and light
// terminals.
std::string qr_code(const std::string& text, bool colours);

}  // namespace cli
