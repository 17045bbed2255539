// Arbitrary bytes through the request reader: no crash, and the same outcome however the network cuts them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "front/http_parser.h"

namespace {

using mychat::server::HttpRequest;
using mychat::server::RequestReader;

constexpr std::size_t kBodyLimit = 4096;

struct Outcome {
  RequestReader::State state = RequestReader::State::kMore;
  int status = 0;
  HttpRequest request;
  bool keep_alive = false;
  std::size_t rest = 0;
};

Outcome read(std::string_view input, std::size_t step) {
  RequestReader reader(1024, 20);
  Outcome out;
  std::string buffer;
  for (;;) {
    std::string_view view = buffer;
    out.state = reader.read(view);
    buffer.erase(0, buffer.size() - view.size());
    if (out.state == RequestReader::State::kHead) {
      out.keep_alive = reader.keep_alive();
      out.state = reader.accept_body(kBodyLimit);
      if (out.state == RequestReader::State::kMore) continue;
    }
    if (out.state != RequestReader::State::kMore || input.empty()) break;
    const auto piece = input.substr(0, step);
    buffer += piece;
    input.remove_prefix(piece.size());
  }
  if (out.state == RequestReader::State::kFailed) out.status = reader.failure().status;
  if (out.state == RequestReader::State::kDone) out.request = reader.take_request();
  out.rest = buffer.size() + input.size();
  return out;
}

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const HttpRequest& request) {
  require(request.body.size() <= kBodyLimit);
  require(request.path == "*" || request.path.starts_with('/'));
  require(mychat::is_utf8(request.path));
  for (const char c : request.path) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
  int lengths = 0;
  for (const auto& [name, value] : request.headers) {
    lengths += name == "content-length" || name == "transfer-encoding";
    require(value.find_first_of("\r\n") == std::string::npos);
    require(value.find('\0') == std::string::npos);
  }
  require(lengths <= 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = read(input, input.size() + 1);
  const Outcome pieces = read(input, 1 + data[0] % 61U);
  if (whole.state == RequestReader::State::kDone) check(whole.request);
  // A head over the limit is found with the size that arrived; which of the two sizes it was may differ.
  require(whole.state == pieces.state);
  if (whole.state != RequestReader::State::kDone) return 0;
  require(whole.rest == pieces.rest);
  require(whole.keep_alive == pieces.keep_alive);
  require(whole.request.method == pieces.request.method && whole.request.path == pieces.request.path);
  require(whole.request.headers == pieces.request.headers && whole.request.query == pieces.request.query);
  require(whole.request.body == pieces.request.body && whole.request.host == pieces.request.host);
  return 0;
}
