#include "front/ws_deflate.h"

#include <array>
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
    // The peer may end its stream with the message; then at most the empty byte of RFC 7692, section 7.2.3.4,
    // follows.
    if (ec == zlib::error::end_of_stream) {
      const bool rest_empty = params.avail_in == 0 || (params.avail_in == 1 && input.back() == '\0');
      return rest_empty || input.data() == kFlushMarker.data() ? InflateResult::kOk
                                                               : InflateResult::kMalformed;
    }
    if (ec && ec != zlib::error::need_buffers) return InflateResult::kMalformed;
    if (params.avail_out != 0) break;
  }
  if (params.avail_in != 0) return InflateResult::kMalformed;
  return std::nullopt;
}

// The part before `separator`, trimmed; `rest` goes on behind it.
std::string_view next_part(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  while (!part.empty() && (part.front() == ' ' || part.front() == '\t')) part.remove_prefix(1);
  while (!part.empty() && (part.back() == ' ' || part.back() == '\t')) part.remove_suffix(1);
  return part;
}

bool can_take(std::string_view parameter) {
  const std::string_view name = next_part(parameter, '=');
  // Their window is a hint to themselves: ours is the largest, so whatever they choose fits.
  if (name == "client_max_window_bits") return true;
  if (name == "server_max_window_bits") return parameter == "15";
  return (name == "server_no_context_takeover" || name == "client_no_context_takeover") && parameter.empty();
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
  while (!offers.empty()) {
    std::string_view offer = next_part(offers, ',');
    if (next_part(offer, ';') != "permessage-deflate") continue;
    bool usable = true;
    while (!offer.empty()) usable = can_take(next_part(offer, ';')) && usable;
    if (usable) return "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  }
  return {};
}

}  // namespace mychat::server
