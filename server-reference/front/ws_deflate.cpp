#include "front/ws_deflate.h"

#include <array>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/zlib/deflate_stream.hpp>
#include <boost/beast/zlib/error.hpp>
#include <boost/beast/zlib/inflate_stream.hpp>
#include <optional>

namespace mychat::server {

namespace {

namespace zlib = boost::beast::zlib;

constexpr std::string_view kFlushMarker("\x00\x00\xff\xff", 4);
constexpr int kLevel = 6;
constexpr int kWindowBits = 15;
constexpr int kMemoryLevel = 8;

// Appends what `input` gives. True: go on with the next piece of the input.
std::optional<InflateResult> inflate_piece(zlib::inflate_stream& stream, std::string_view input,
                                           std::size_t limit, std::string& out) {
  std::array<char, 16 * 1024> buffer;
  zlib::z_params params;
  params.next_in = input.data();
  params.avail_in = input.size();
  for (;;) {
    params.next_out = buffer.data();
    params.avail_out = buffer.size();
    boost::beast::error_code ec;
    stream.write(params, zlib::Flush::sync, ec);
    const std::size_t produced = buffer.size() - params.avail_out;
    if (produced > limit - out.size()) return InflateResult::kTooBig;
    out.append(buffer.data(), produced);
    // The peer may end its stream; what follows it in the message has no meaning and is refused.
    if (ec == zlib::error::end_of_stream)
      return params.avail_in == 0 || input.data() == kFlushMarker.data() ? InflateResult::kOk
                                                                         : InflateResult::kMalformed;
    if (ec && ec != zlib::error::need_buffers) return InflateResult::kMalformed;
    if (params.avail_out != 0) break;
  }
  if (params.avail_in != 0) return InflateResult::kMalformed;
  return std::nullopt;
}

bool no_value(const std::pair<boost::beast::string_view, boost::beast::string_view>& parameter) {
  return parameter.second.empty();
}

}  // namespace

InflateResult inflate_message(std::string_view compressed, std::size_t limit, std::string& out) {
  thread_local zlib::inflate_stream stream;
  stream.reset(kWindowBits);
  out.clear();
  for (const std::string_view piece : {compressed, kFlushMarker})
    if (const auto result = inflate_piece(stream, piece, limit, out)) return *result;
  return InflateResult::kOk;
}

std::string deflate_message(std::string_view text) {
  thread_local zlib::deflate_stream stream;
  stream.reset(kLevel, kWindowBits, kMemoryLevel, zlib::Strategy::normal);
  std::string out(stream.upper_bound(text.size()) + 16, '\0');
  zlib::z_params params;
  params.next_in = text.data();
  params.avail_in = text.size();
  params.next_out = out.data();
  params.avail_out = out.size();
  boost::beast::error_code ec;
  for (;;) {
    stream.write(params, zlib::Flush::sync, ec);
    if (params.avail_out != 0) break;
    const std::size_t used = out.size();
    out.resize(used * 2);
    params.next_out = out.data() + used;
    params.avail_out = out.size() - used;
  }
  out.resize(out.size() - params.avail_out);
  if (out.ends_with(kFlushMarker)) out.resize(out.size() - kFlushMarker.size());
  return out;
}

std::string negotiate_deflate(std::string_view offers) {
  namespace http = boost::beast::http;
  for (const auto& [name, parameters] : http::ext_list({offers.data(), offers.size()})) {
    if (!boost::beast::iequals(name, "permessage-deflate")) continue;
    bool usable = true;
    for (const auto& parameter : parameters) {
      const auto key = parameter.first;
      if (boost::beast::iequals(key, "server_no_context_takeover") ||
          boost::beast::iequals(key, "client_no_context_takeover")) {
        usable = usable && no_value(parameter);
      } else if (boost::beast::iequals(key, "client_max_window_bits")) {
        // A hint: our window is the largest, so whatever the client chooses fits.
      } else if (boost::beast::iequals(key, "server_max_window_bits")) {
        usable = usable && parameter.second == "15";
      } else {
        usable = false;
      }
    }
    if (usable) return "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  }
  return {};
}

}  // namespace mychat::server
