// The request reader without sockets: what is accepted, and what is refused with which status.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "front/http_parser.h"

namespace mychat::server {
namespace {

struct Parsed {
  RequestReader::State state = RequestReader::State::kMore;
  int status = 0;
  HttpRequest request;
  bool keep_alive = false;
  bool expects_continue = false;
  std::string rest;
};

// Feeds `text` in pieces of `step` bytes, as a network might.
Parsed parse(std::string_view text, std::size_t step, std::size_t body_limit = 1000) {
  RequestReader reader(16 * 1024, 100);
  Parsed out;
  std::string buffer;
  std::size_t given = 0;
  for (;;) {
    std::string_view view = buffer;
    out.state = reader.read(view);
    buffer.erase(0, buffer.size() - view.size());
    if (out.state == RequestReader::State::kHead) {
      out.keep_alive = reader.keep_alive();
      out.expects_continue = reader.expects_continue();
      out.state = reader.accept_body(body_limit);
      if (out.state == RequestReader::State::kMore) continue;
    }
    if (out.state != RequestReader::State::kMore || given == text.size()) break;
    const auto piece = text.substr(given, step);
    buffer += piece;
    given += piece.size();
  }
  if (out.state == RequestReader::State::kFailed) out.status = reader.failure().status;
  if (out.state == RequestReader::State::kDone) out.request = reader.take_request();
  out.rest = buffer + std::string(text.substr(given));
  return out;
}

// The outcome must not depend on how the bytes were cut.
Parsed parse_all_ways(std::string_view text, std::size_t body_limit = 1000) {
  Parsed whole = parse(text, text.size() + 1, body_limit);
  for (const std::size_t step : {1U, 2U, 3U, 7U}) {
    const Parsed pieces = parse(text, step, body_limit);
    EXPECT_EQ(pieces.state, whole.state) << step << " " << text;
    EXPECT_EQ(pieces.status, whole.status) << step << " " << text;
    EXPECT_EQ(pieces.request.body, whole.request.body) << step;
    EXPECT_EQ(pieces.request.path, whole.request.path) << step;
    if (whole.state == RequestReader::State::kDone) {
      EXPECT_EQ(pieces.rest, whole.rest) << step;
    }
  }
  return whole;
}

int status_of(std::string_view text) {
  const Parsed parsed = parse_all_ways(text);
  EXPECT_EQ(parsed.state, RequestReader::State::kFailed) << text;
  return parsed.status;
}

std::string get(std::string_view target, std::string_view headers = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n" + std::string(headers) + "\r\n";
}
std::string post(std::string_view headers, std::string_view body) {
  return "POST /p HTTP/1.1\r\nHost: h\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

TEST(HttpParser, ReadsAPlainRequest) {
  const Parsed parsed =
      parse_all_ways(get("/a%20b/%C3%BC?x=1&y=a+b%26&z", "X-One:  two \r\nx-one: three\r\n"));
  ASSERT_EQ(parsed.state, RequestReader::State::kDone);
  EXPECT_EQ(parsed.request.method, "GET");
  EXPECT_EQ(parsed.request.path, "/a b/\xc3\xbc");
  EXPECT_EQ(parsed.request.param("x"), "1");
  EXPECT_EQ(parsed.request.param("y"), "a b&");
  EXPECT_EQ(parsed.request.param("z"), "");
  EXPECT_FALSE(parsed.request.param("w"));
  EXPECT_EQ(parsed.request.header("X-ONE"), "two");
  EXPECT_EQ(parsed.request.host, "h");
  EXPECT_TRUE(parsed.keep_alive);
  EXPECT_EQ(parsed.rest, "");
}

TEST(HttpParser, LeavesWhatFollowsARequest) {
  const Parsed parsed = parse_all_ways(post("Content-Length: 3\r\n", "abcGET / HTTP/1.1\r\n"));
  ASSERT_EQ(parsed.state, RequestReader::State::kDone);
  EXPECT_EQ(parsed.request.body, "abc");
  EXPECT_EQ(parsed.rest, "GET / HTTP/1.1\r\n");
}

TEST(HttpParser, DecodesChunks) {
  const Parsed parsed = parse_all_ways(
      post("Transfer-Encoding: Chunked\r\n",
           "3;a=b;c=\"d e\"\r\nabc\r\n0005\r\ndefgh\r\n0\r\nX-Trailer: t\r\nHost: evil\r\n\r\nrest"));
  ASSERT_EQ(parsed.state, RequestReader::State::kDone);
  EXPECT_EQ(parsed.request.body, "abcdefgh");
  EXPECT_FALSE(parsed.request.header("x-trailer"));
  EXPECT_EQ(parsed.request.host, "h");
  EXPECT_EQ(parsed.rest, "rest");
}

TEST(HttpParser, DecodesAnEmptyChunkedBody) {
  const Parsed parsed = parse_all_ways(post("Transfer-Encoding: chunked\r\n", "0\r\n\r\nrest"));
  ASSERT_EQ(parsed.state, RequestReader::State::kDone);
  EXPECT_EQ(parsed.request.body, "");
  EXPECT_EQ(parsed.rest, "rest");
}

TEST(HttpParser, TakesAbsoluteAndAsteriskTargets) {
  Parsed parsed = parse_all_ways(get("http://node.example:8000/x?y=1"));
  ASSERT_EQ(parsed.state, RequestReader::State::kDone);
  EXPECT_EQ(parsed.request.path, "/x");
  EXPECT_EQ(parsed.request.host, "node.example:8000");
  parsed = parse_all_ways(get("HTTPS://node.example"));
  EXPECT_EQ(parsed.request.path, "/");
  parsed = parse_all_ways(get("http://node.example?q=1"));
  EXPECT_EQ(parsed.request.path, "/");
  EXPECT_EQ(parsed.request.param("q"), "1");
  parsed = parse_all_ways("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(parsed.request.path, "*");
}

TEST(HttpParser, ToleratesOneEmptyLineBeforeARequest) {
  EXPECT_EQ(status_of("\r\n\r\n" + get("/")), 400);
  EXPECT_EQ(parse_all_ways("\r\n" + get("/")).state, RequestReader::State::kDone);
}

TEST(HttpParser, KnowsWhoKeepsTheConnection) {
  EXPECT_FALSE(parse(get("/", "Connection: close\r\n"), 99).keep_alive);
  EXPECT_FALSE(parse(get("/", "Connection: x, Close\r\n"), 99).keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.0\r\n\r\n", 99).keep_alive);
  EXPECT_TRUE(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 99).keep_alive);
}

TEST(HttpParser, KnowsExpect) {
  EXPECT_TRUE(parse(post("Expect: 100-Continue\r\nContent-Length: 1\r\n", "x"), 99).expects_continue);
  EXPECT_EQ(status_of(post("Expect: something\r\nContent-Length: 1\r\n", "x")), 417);
}

TEST(HttpParser, RefusesAmbiguousBodies) {
  EXPECT_EQ(status_of(post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")), 400);
  EXPECT_EQ(status_of(post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n")), 400);
  EXPECT_EQ(status_of(post("Transfer-Encoding: chunked\r\ncontent-length: 0\r\n", "0\r\n\r\n")), 400);
  EXPECT_EQ(status_of(post("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd")), 400);
  EXPECT_EQ(status_of(post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc")), 400);
  EXPECT_EQ(status_of(post("Content-Length: 3, 3\r\n", "abc")), 400);
  EXPECT_EQ(status_of(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
            400);
  EXPECT_EQ(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
  for (const char* coding : {"gzip", "gzip, chunked", "chunked, gzip", "identity", "chunked, chunked",
                             "chunked;q=1", "xchunked", "\"chunked\"", "chunked,"})
    EXPECT_EQ(status_of(post("Transfer-Encoding: " + std::string(coding) + "\r\n", "0\r\n\r\n")), 501)
        << coding;
}

TEST(HttpParser, RefusesMalformedLengths) {
  for (const char* length :
       {"", "-1", "+1", "0x3", "3 ", "3a", "99999999999999999999999", " ", "1e3", "3,", ",3"}) {
    if (std::string_view(length) == "3 ") continue;  // Trailing white space is no part of the value.
    EXPECT_EQ(status_of(post("Content-Length: " + std::string(length) + "\r\n", "abc")), 400) << length;
  }
  EXPECT_EQ(status_of(post("Content-Length: 1001\r\n", "")), 413);
  EXPECT_EQ(status_of(post("Content-Length: 18446744073709551615\r\n", "")), 413);
}

TEST(HttpParser, RefusesMalformedChunks) {
  const auto chunked = [](std::string_view body) {
    return status_of(post("Transfer-Encoding: chunked\r\n", body));
  };
  EXPECT_EQ(chunked("x\r\nabc\r\n"), 400);
  EXPECT_EQ(chunked("\r\nabc\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(chunked("-3\r\nabc\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(chunked("0x3\r\nabc\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(chunked("3\r\nabcde\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(chunked("3\nabc\n0\n\n\r\n\r\n"), 400);
  EXPECT_EQ(chunked("3\r\nabc\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(chunked("3\r\nabc\r\n0\r\nContent-Length: 3\r\n\r\n"), 400);
  EXPECT_EQ(chunked("3;a=\"x\ny\"\r\nabc\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(chunked("ffffffffffffffff1\r\nabc\r\n"), 400);
  EXPECT_EQ(chunked("fffffffffffffff0\r\nabc\r\n"), 413);
  EXPECT_EQ(chunked("3e9\r\nabc\r\n"), 413);
  EXPECT_EQ(
      chunked("200\r\n" + std::string(512, 'a') + "\r\n200\r\n" + std::string(512, 'a') + "\r\n0\r\n\r\n"),
      413);
}

TEST(HttpParser, BoundsExtensionsAndTrailers) {
  const std::string long_line(20'000, 'a');
  EXPECT_EQ(parse(post("Transfer-Encoding: chunked\r\n", "3;" + long_line), 1000).status, 400);
  EXPECT_EQ(parse(post("Transfer-Encoding: chunked\r\n", "0\r\nX: " + long_line), 1000).status, 400);
  EXPECT_EQ(parse(post("Transfer-Encoding: chunked\r\n", std::string(20'000, '0')), 1000).status, 400);
  // Not even in one piece.
  EXPECT_EQ(
      status_of(post("Transfer-Encoding: chunked\r\n", "0\r\nX: " + std::string(3000, 'a') + "\r\n\r\n")),
      400);
  EXPECT_EQ(status_of(post("Transfer-Encoding: chunked\r\n", "0;" + std::string(3000, 'a') + "\r\n\r\n")),
            400);
  std::string many;
  for (int i = 0; i < 20; ++i) many += "1;" + std::string(1000, 'e') + "\r\nx\r\n";
  EXPECT_EQ(parse(post("Transfer-Encoding: chunked\r\n", many + "0\r\n\r\n"), 1000).status, 400);
}

TEST(HttpParser, RefusesMalformedLines) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\nHost: h\n\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: h\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: h\r\n X: folded\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n Host: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost : h\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: h\r\n: empty\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: h\r\nX(y): z\r\n\r\n"), 400);
  EXPECT_EQ(status_of(std::string("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", 35)), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: h\r\nX: \x7f\r\n\r\n"), 400);
  EXPECT_EQ(status_of("\x16\x03\x01\x02"), 400);  // A TLS client on a plain port.
  EXPECT_EQ(status_of("GET /\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET  / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / x HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of(" GET / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of("G@T / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
}

TEST(HttpParser, RefusesMethodsAndVersions) {
  EXPECT_EQ(status_of("BREW / HTTP/1.1\r\nHost: h\r\n\r\n"), 501);
  EXPECT_EQ(status_of("get / HTTP/1.1\r\nHost: h\r\n\r\n"), 501);
  EXPECT_EQ(status_of("CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n"), 501);
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 505);
  EXPECT_EQ(status_of("GET / HTTP/1.2\r\nHost: h\r\n\r\n"), 505);
  EXPECT_EQ(status_of("GET / HTTP/0.9\r\nHost: h\r\n\r\n"), 505);
  EXPECT_EQ(status_of("GET / http/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.10\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTPS/1.1\r\nHost: h\r\n\r\n"), 400);
}

TEST(HttpParser, RefusesHosts) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nX: y\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
  for (const char* host : {"", "a b", "a/b", "u@h", "h:x", "h:123456", "[::1", "[::1]x", "h,i", "h?"})
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n"), 400) << host;
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 99).request.host, "[::1]:80");
  EXPECT_EQ(parse("GET / HTTP/1.0\r\n\r\n", 99).state, RequestReader::State::kDone);
}

TEST(HttpParser, RefusesTargets) {
  for (const char* target : {"x",      "*",        "//\x80",    "/%",          "/%2",   "/%zz",   "/%00",
                             "/a%00b", "/%2f",     "/%2F",      "/%0a",        "/%7f",  "/%ff",   "/%c0%af",
                             "/a#b",   "ftp://h/", "http:///x", "http://u@h/", "/?x=%", "/?x=%00"})
    EXPECT_EQ(status_of(get(target)), 400) << target;
  EXPECT_EQ(parse(get("/" + std::string(9000, 'a')), 99999).status, 414);
}

TEST(HttpParser, RefusesRepeatedCredentials) {
  EXPECT_EQ(status_of(get("/", "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n")), 400);
  EXPECT_EQ(status_of(get("/", "Content-Type: a/b\r\nContent-Type: c/d\r\n")), 400);
}

TEST(HttpParser, BoundsHeaders) {
  EXPECT_EQ(parse(get("/", "X: " + std::string(64 * 1024, 'a') + "\r\n"), 1000).status, 431);
  std::string many;
  for (int i = 0; i < 101; ++i) many += "X: y\r\n";
  EXPECT_EQ(parse(get("/", many), 99999).status, 431);
  EXPECT_EQ(parse("GET /" + std::string(64 * 1024, 'a'), 1000).status, 414);
}

TEST(HttpResponseHead, LeavesOutWhatCouldInject) {
  HttpResponse response;
  response.body = "x";
  response.headers = {{"X-A", "b\r\nX-C: d"}, {"X E", "f"}, {"", "g"}, {"X-H", "i"}};
  EXPECT_EQ(response_head(response, true, true, {}),
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX-H: i\r\n\r\n");
}

TEST(HttpResponseHead, HasNoLengthWithoutBody) {
  HttpResponse response;
  response.status = 204;
  EXPECT_EQ(response_head(response, false, true, {}), "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
}

TEST(HttpTypes, ErrorsAreJson) {
  EXPECT_EQ(HttpResponse::error(400, "a \"b\" \\ \n").body, R"({"detail":"a \"b\" \\ \u000a"})");
}

TEST(HttpTypes, AReplyAnswersOnceAndWhenDropped) {
  std::vector<int> statuses;
  const auto deliver = [&](HttpResponse&& response) { statuses.push_back(response.status); };
  {
    const Reply reply(deliver);
    const Reply copy = reply;
    copy(HttpResponse::json(201, "{}"));
    reply(HttpResponse::json(200, "{}"));
  }
  EXPECT_EQ(statuses, std::vector<int>({201}));
  { const Reply reply(deliver); }
  EXPECT_EQ(statuses, std::vector<int>({201, 500}));
}

TEST(WebSocketHandshake, ComputesTheAnswerOfTheStandard) {
  EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_TRUE(valid_websocket_key("dGhlIHNhbXBsZSBub25jZQ=="));
  for (const char* key : {"", "dGhlIHNhbXBsZSBub25jZQ", "AAAA", "dGhlIHNhbXBsZSBub25jZQ==x"})
    EXPECT_FALSE(valid_websocket_key(key)) << key;
}

}  // namespace
}  // namespace mychat::server
