// HTTP against servers that answer well and against servers that do not.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <latch>
#include <random>

#include "fake_dns.h"
#include "support/net.h"
#include "transport/http_client.h"
#include "transport/url.h"
#include "waiting.h"

namespace mychat::test {
namespace {

using std::chrono::milliseconds;

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// Answers every request of a connection with these bytes.
Server::Handler always(std::string answer) {
  return [answer = std::move(answer)](Connection& connection) {
    while (read_http_request(connection)) {
      if (!connection.write(answer)) return;
    }
  };
}

// Answers one request with these bytes and closes.
Server::Handler once(std::string answer) {
  return [answer = std::move(answer)](Connection& connection) {
    if (read_http_request(connection)) connection.write(answer);
  };
}

// Reads the request, then stays silent until the client goes.
void never(Connection& connection) {
  read_http_request(connection);
  connection.wait_closed();
}

HttpRequest get(const Server& server, std::string_view target = "/") {
  HttpRequest request;
  request.url = server.url("http", "127.0.0.1", target);
  return request;
}

Error failure_of(HttpRequest request, TransportOptions options = {}) {
  HttpClient client(std::move(options));
  Outcome outcome;
  client.submit(std::move(request), outcome.callback());
  return outcome.error();
}

HttpResponse response_of(HttpRequest request, TransportOptions options) {
  HttpClient client(std::move(options));
  Outcome outcome;
  client.submit(std::move(request), outcome.callback());
  return outcome.response();
}

TEST(Http, SendsWhatWasAskedAndReturnsWhatWasAnswered) {
  std::mutex mutex;
  std::vector<RawRequest> seen;
  Server server([&](Connection& connection) {
    while (auto request = read_http_request(connection)) {
      const std::lock_guard lock(mutex);
      seen.push_back(*request);
      connection.write(
          "HTTP/1.1 429 Slow Down\r\nContent-Type: application/json\r\nRETRY-AFTER:  7 \r\n"
          "Date: Tue, 15 Nov 1994 08:12:31 GMT\r\n"
          "Content-Length: 3\r\n\r\n{}\n");
    }
  });
  HttpClient client({});
  HttpRequest request = get(server, "/api/x/../y?a=b");
  request.method = HttpMethod::kPost;
  request.headers = {{"Authorization", "Bearer abc"}, {"Content-Type", "application/json"}, {"X-Empty", ""}};
  request.body = std::string("{\"a\":1}\0x", 9);
  Outcome outcome;
  client.submit(request, outcome.callback());
  const HttpResponse response = outcome.response();
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.body, "{}\n");
  EXPECT_EQ(response.header("content-type"), "application/json");
  EXPECT_EQ(response.header("retry-after"), "7");
  EXPECT_EQ(response.header("absent"), std::nullopt);
  EXPECT_EQ(response.retry_after(0), milliseconds(7000));
  EXPECT_EQ(response.date_ms(), 784'887'151'000);
  EXPECT_EQ((HttpResponse{200, {{"date", "yesterday"}}, ""}).date_ms(), std::nullopt);
  EXPECT_EQ(HttpResponse{}.date_ms(), std::nullopt);

  const std::lock_guard lock(mutex);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].method, "POST");
  EXPECT_EQ(seen[0].target, "/api/x/../y?a=b");
  EXPECT_EQ(seen[0].body, request.body);
  EXPECT_EQ(seen[0].header("authorization"), "Bearer abc");
  EXPECT_EQ(seen[0].header("content-type"), "application/json");
  EXPECT_EQ(seen[0].header("user-agent"), "mychat/0.1.0");
  EXPECT_EQ(seen[0].header("expect"), "");
  EXPECT_EQ(seen[0].header("accept-encoding"), "");
  EXPECT_EQ(seen[0].header("host"), "127.0.0.1:" + std::to_string(server.port()));
}

TEST(Http, UsesEachMethodWithAndWithoutABody) {
  Server server([](Connection& connection) {
    while (const auto request = read_http_request(connection)) {
      const std::string text = request->method + ":" + request->body + ":" + request->header("content-type");
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" +
                       text);
    }
  });
  HttpClient client({});
  const auto answer = [&](HttpMethod method, const std::string& body) {
    HttpRequest request = get(server);
    request.method = method;
    request.body = body;
    Outcome outcome;
    client.submit(std::move(request), outcome.callback());
    return outcome.response().body;
  };
  EXPECT_EQ(answer(HttpMethod::kGet, ""), "GET::");
  EXPECT_EQ(answer(HttpMethod::kPost, ""), "POST::");
  EXPECT_EQ(answer(HttpMethod::kPost, "x"), "POST:x:");
  EXPECT_EQ(answer(HttpMethod::kPut, "{}"), "PUT:{}:");
  EXPECT_EQ(answer(HttpMethod::kDelete, ""), "DELETE::");
  EXPECT_EQ(server.accepted(), 1) << "the connection is reused";
}

TEST(Http, SendsALargeBodyWhole) {
  Server server([](Connection& connection) {
    const auto request = read_http_request(connection);
    const std::string text = request ? std::to_string(std::hash<std::string>()(request->body)) : "none";
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text);
  });
  HttpRequest request = get(server);
  request.method = HttpMethod::kPost;
  for (std::size_t i = 0; i < 3'000'000; ++i) request.body += static_cast<char>(i * 31 + i / 997);
  const std::string expected = std::to_string(std::hash<std::string>()(request.body));
  HttpClient client({});
  Outcome outcome;
  client.submit(std::move(request), outcome.callback());
  EXPECT_EQ(outcome.response().body, expected);
}

// Takes a first request properly, then a second one without an answer.
TEST(Http, SendsOnceWhatMustNotBeDoneTwice) {
  std::atomic<int> posts{0};
  const Server server([&](Connection& connection) {
    while (const auto request = read_http_request(connection)) {
      if (request->method == "POST") {
        ++posts;
        connection.reset();
        return;
      }
      if (!connection.write(kOk)) return;
    }
  });
  HttpClient client{TransportOptions()};
  Outcome warm;
  client.submit(get(server), warm.callback());
  EXPECT_EQ(warm.response().status, 200);
  HttpRequest request = get(server);
  request.method = HttpMethod::kPost;
  request.body = "once";
  request.once = true;
  Outcome outcome;
  client.submit(std::move(request), outcome.callback());
  EXPECT_EQ(outcome.error().status(), MYCHAT_E_NETWORK);
  EXPECT_EQ(posts, 1);
}

TEST(Http, DoesNotFollowRedirects) {
  Server elsewhere(always(kOk));
  Server server(
      always("HTTP/1.1 302 Found\r\nLocation: " + elsewhere.url("http") + "\r\nContent-Length: 0\r\n\r\n"));
  HttpClient client({});
  Outcome outcome;
  client.submit(get(server), outcome.callback());
  EXPECT_EQ(outcome.response().status, 302);
  EXPECT_EQ(elsewhere.accepted(), 0);
}

TEST(Http, RefusesRequestsThatAreWrongBeforeSending) {
  Server server(always(kOk));
  HttpClient client({});
  Outcome outcome;
  const auto refusal = [&](const HttpRequest& request) {
    try {
      client.submit(request, outcome.callback());
      return static_cast<int>(MYCHAT_OK);
    } catch (const Error& error) {
      return static_cast<int>(error.status());
    }
  };
  HttpRequest request = get(server);
  request.url = "http://node.example/";
  EXPECT_EQ(refusal(request), MYCHAT_E_PLAINTEXT_REFUSED);
  for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/", "ws://127.0.0.1/", "127.0.0.1", ""}) {
    request.url = url;
    EXPECT_EQ(refusal(request), MYCHAT_E_INVALID_ARGUMENT) << url;
  }
  request = get(server);
  for (const HttpHeader& header : std::vector<HttpHeader>{{"X", "a\r\nY: b"},
                                                          {"X\r\n", "a"},
                                                          {"", "a"},
                                                          {"A b", "c"},
                                                          {"Host", "x"},
                                                          {"content-length", "5"},
                                                          {"X", "a\x01"},
                                                          {"Transfer-Encoding", "chunked"},
                                                          {"X", std::string(9000, 'a')}}) {
    request.headers = {header};
    EXPECT_EQ(refusal(request), MYCHAT_E_INVALID_ARGUMENT) << header.name;
  }
  request.headers.assign(65, {"X", "y"});
  EXPECT_EQ(refusal(request), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_THROW(client.submit(get(server), nullptr), Error);
  EXPECT_EQ(outcome.calls(), 0);
  EXPECT_EQ(server.accepted(), 0);
}

TEST(Http, BoundsTheBodyWithAndWithoutALength) {
  const std::string big(200'000, 'x');
  for (const std::string head :
       {"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"}) {
    Server server(once(head + big));
    HttpRequest request = get(server);
    request.max_response_bytes = 199'999;
    EXPECT_EQ(failure_of(request).status(), MYCHAT_E_TOO_LARGE);
    request.max_response_bytes = 200'000;
    HttpClient client({});
    Outcome outcome;
    client.submit(request, outcome.callback());
    EXPECT_EQ(outcome.response().body, big);
  }
}

TEST(Http, BoundsTheHeadersInNumberAndBytes) {
  const auto answer = [](int count, std::size_t bytes) {
    std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
    for (int i = 0; i < count; ++i)
      text += "X-" + std::to_string(i) + ": " + std::string(bytes, 'v') + "\r\n";
    return text + "\r\n";
  };
  {
    Server server(once(answer(100, 10)));
    HttpClient client({});
    Outcome outcome;
    client.submit(get(server), outcome.callback());
    EXPECT_EQ(outcome.response().headers.size(), 101u);
  }
  for (const auto& [count, bytes] : std::vector<std::pair<int, std::size_t>>{{128, 1}, {100, 1000}}) {
    Server server(once(answer(count, bytes)));
    EXPECT_EQ(failure_of(get(server)).status(), MYCHAT_E_TOO_LARGE);
  }
  Server interim([](Connection& connection) {
    read_http_request(connection);
    while (connection.write("HTTP/1.1 100 Continue\r\n\r\n")) {
    }
  });
  EXPECT_EQ(failure_of(get(interim)).status(), MYCHAT_E_TOO_LARGE);
}

TEST(Http, SaysPreciselyWhatAServerDidWrong) {
  struct Case {
    const char* answer;
    mychat_status status;
    bool retryable;
  };
  for (const Case& expected : std::vector<Case>{
           {"hello, I am not HTTP\r\n\r\n", MYCHAT_E_PROTOCOL, false},
           {"HTTP/1.1 abc OK\r\n\r\n", MYCHAT_E_PROTOCOL, false},
           {"", MYCHAT_E_NETWORK, true},
           {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", MYCHAT_E_NETWORK, true},
           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", MYCHAT_E_NETWORK, true},
           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc", MYCHAT_E_NETWORK, true}}) {
    Server server(once(expected.answer));
    const Error error = failure_of(get(server));
    EXPECT_EQ(error.status(), expected.status) << expected.answer << error.what();
    EXPECT_EQ(error.retryable(), expected.retryable) << expected.answer;
    EXPECT_EQ(error.domain(), MYCHAT_DOMAIN_NETWORK);
    EXPECT_NE(error.detail(), 0);
  }
}

TEST(Http, TellsTimeOutsApart) {
  {
    Server server(never);
    HttpRequest request = get(server);
    request.timeout = milliseconds(150);
    const Error error = failure_of(request);
    EXPECT_EQ(error.status(), MYCHAT_E_TIMEOUT);
    EXPECT_TRUE(error.retryable());
    EXPECT_NE(std::string(error.what()).find("did not answer completely within 150 ms"), std::string::npos)
        << error.what();
  }
  BlackHole hole;
  HttpRequest request;
  request.url = "http://127.0.0.1:" + std::to_string(hole.port()) + "/";
  TransportOptions options;
  options.connect_timeout = milliseconds(150);
  const Error error = failure_of(request, options);
  EXPECT_EQ(error.status(), MYCHAT_E_TIMEOUT);
  EXPECT_NE(std::string(error.what()).find("No connection to 127.0.0.1 within 150 ms"), std::string::npos)
      << error.what();
}

TEST(Http, GivesUpATransferThatIsTooSlow) {
  Server server([](Connection& connection) {
    read_http_request(connection);
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    while (connection.write("x") && !connection.wait_closed(milliseconds(300))) {
    }
  });
  TransportOptions options;
  options.low_speed_bytes = 100;
  options.low_speed_time = std::chrono::seconds(1);
  const Error error = failure_of(get(server), options);
  EXPECT_EQ(error.status(), MYCHAT_E_TIMEOUT);
  EXPECT_NE(std::string(error.what()).find("too slow"), std::string::npos) << error.what();
}

TEST(Http, TellsARefusedConnectionFromAnUnknownName) {
  ClosedPort closed;
  HttpRequest request;
  request.url = "http://127.0.0.1:" + std::to_string(closed.port()) + "/";
  Error error = failure_of(request);
  EXPECT_EQ(error.status(), MYCHAT_E_NETWORK);
  EXPECT_TRUE(error.retryable());

  const FakeName name("unknown.test", {});
  request.url = "https://unknown.test/";
  error = failure_of(request);
  EXPECT_EQ(error.status(), MYCHAT_E_DNS);
  EXPECT_TRUE(error.retryable());
}

TEST(Http, TriesTheNextAddressOfAName) {
  Server server(always(kOk));
  const FakeName name("two.test", {"127.0.0.77", "127.0.0.1"});
  const ClosedPort closed("127.0.0.77", server.port());
  TransportOptions options;
  options.allow_plaintext = true;
  HttpClient client(options);
  HttpRequest request;
  request.url = server.url("http", "two.test");
  Outcome outcome;
  client.submit(request, outcome.callback());
  EXPECT_EQ(outcome.response().status, 200);
}

TEST(Http, ReadsRetryAfterInBothForms) {
  EXPECT_EQ(parse_retry_after("120", 0), milliseconds(120'000));
  EXPECT_EQ(parse_retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 20'000), milliseconds(40'000));
  EXPECT_EQ(parse_retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 90'000), milliseconds(0));
  EXPECT_EQ(parse_retry_after("99999999999999999999999", 0), std::chrono::hours(365 * 24));
  for (const char* text : {"", "soon", "-5", "1.5x"})
    EXPECT_EQ(parse_retry_after(text, 0), std::nullopt) << text;
}

TEST(Http, CancelsInEveryStateExactlyOnce) {
  Server server(never);
  BlackHole hole;
  const SilentName silent("silent.test");
  for (const std::string& url : {server.url("http"), "http://127.0.0.1:" + std::to_string(hole.port()) + "/",
                                 std::string("https://silent.test/")}) {
    HttpClient client({});
    HttpRequest request;
    request.url = url;
    Outcome outcome;
    const HttpRequestId id = client.submit(request, outcome.callback());
    if (url == server.url("http")) {
      while (server.accepted() == 0) std::this_thread::yield();
    } else if (url.find("silent") != std::string::npos) {
      ASSERT_TRUE(silent.wait_asked());
    }
    EXPECT_LT(milliseconds_of([&] {
                client.cancel(id);
                EXPECT_EQ(outcome.error().status(), MYCHAT_E_CANCELLED);
              }),
              200);
    client.cancel(id);
    client.cancel(id + 1000);
    client.cancel(0);
  }
}

TEST(Http, EndsEverythingAtDestructionPromptly) {
  Server server(never);
  BlackHole hole;
  const SilentName silent("silent.test");
  std::vector<Outcome> outcomes(6);
  std::int64_t took = 0;
  {
    auto client = std::make_unique<HttpClient>(TransportOptions{});
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      HttpRequest request;
      request.url = i % 3 == 0   ? server.url("http")
                    : i % 3 == 1 ? "http://127.0.0.1:" + std::to_string(hole.port()) + "/"
                                 : "https://silent.test/";
      client->submit(request, outcomes[i].callback());
    }
    ASSERT_TRUE(silent.wait_asked());
    took = milliseconds_of([&] { client.reset(); });
  }
  EXPECT_LT(took, 200);
  for (Outcome& outcome : outcomes) {
    EXPECT_EQ(outcome.calls(), 1);
    EXPECT_EQ(outcome.error().status(), MYCHAT_E_CLOSED);
  }
}

TEST(Http, CallsBackExactlyOnceUnderAStormOfCancellations) {
  Server server([](Connection& connection) {
    while (read_http_request(connection)) {
      if (!connection.write(kOk)) return;
    }
  });
  constexpr int kThreads = 3;
  constexpr int kEach = 150;
  std::vector<std::atomic<int>> calls(kThreads * kEach);
  std::atomic<int> ended{0};
  std::atomic<int> answered{0};
  std::atomic<int> odd{0};
  {
    HttpClient client({});
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        std::minstd_rand random(static_cast<unsigned>(t) + 1);
        std::vector<HttpRequestId> ids;
        for (int i = 0; i < kEach; ++i) {
          const auto slot = static_cast<std::size_t>(t * kEach + i);
          ids.push_back(client.submit(get(server), [&, slot](const HttpResult& result) {
            ++calls[slot];
            const auto* error = std::get_if<Error>(&result);
            if (error == nullptr) {
              ++answered;
            } else if (error->status() != MYCHAT_E_CANCELLED && error->status() != MYCHAT_E_CLOSED) {
              ++odd;
            }
            ++ended;
          }));
          if (random() % 2 == 0) client.cancel(ids[random() % ids.size()]);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    // Some are still under way when the client goes.
  }
  EXPECT_EQ(ended, kThreads * kEach);
  for (const auto& count : calls) EXPECT_EQ(count, 1);
  EXPECT_EQ(odd, 0);
}

TEST(Http, SubmitsAndCancelsFromItsCallbacks) {
  Server server(always(kOk));
  HttpClient client({});
  Outcome second;
  Outcome third;
  client.submit(get(server), [&](const HttpResult&) {
    client.submit(get(server), second.callback());
    client.cancel(client.submit(get(server), third.callback()));
    throw std::runtime_error("a callback that fails must not end the thread");
  });
  EXPECT_EQ(second.response().status, 200);
  EXPECT_EQ(third.error().status(), MYCHAT_E_CANCELLED);
}

// libcurl's own wake-up pair is the exception: it cannot be reached, and carries nothing.
TEST(Http, LeavesNoConnectionToProgramsThatTheHostStarts) {
  const auto open_ones = [] {
    std::vector<int> out;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      const bool own = std::filesystem::read_symlink(entry.path()).string().find("/fd") != std::string::npos;
      if (!own) out.push_back(std::stoi(entry.path().filename()));
    }
    return out;
  };
  const std::vector<int> before = open_ones();
  Server server(always(kOk));
  HttpClient client({});
  Outcome outcome;
  client.submit(get(server), outcome.callback());
  ASSERT_EQ(outcome.response().status, 200);
  int checked = 0;
  for (const int fd : open_ones()) {
    if (std::find(before.begin(), before.end(), fd) != before.end()) continue;
    const int flags = fcntl(fd, F_GETFD);
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    const bool local =
        getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 && address.ss_family == AF_UNIX;
    if (flags < 0 || local) continue;
    ++checked;
    EXPECT_NE(flags & FD_CLOEXEC, 0) << std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd));
  }
  EXPECT_GE(checked, 3) << "the listener, its connection, and the client's";
}

TEST(Http, NeverRaisesSigpipeAndLeavesItsDispositionAlone) {
  static std::atomic<int> raised{0};
  struct sigaction mine {};
  mine.sa_handler = [](int) { ++raised; };
  struct sigaction before {};
  sigaction(SIGPIPE, &mine, &before);
  Server server([](Connection& connection) { connection.reset(); });
  for (int i = 0; i < 20; ++i) {
    HttpRequest request = get(server);
    request.method = HttpMethod::kPost;
    request.body.assign(500'000, 'x');
    EXPECT_EQ(failure_of(request).status(), MYCHAT_E_NETWORK);
  }
  struct sigaction after {};
  sigaction(SIGPIPE, &before, &after);
  EXPECT_EQ(after.sa_handler, mine.sa_handler);
  EXPECT_EQ(raised, 0);
}

TEST(Http, ChecksItsOptions) {
  const auto refused = [](auto change) {
    TransportOptions options;
    change(options);
    try {
      HttpClient client(options);
      return static_cast<int>(MYCHAT_OK);
    } catch (const Error& error) {
      return static_cast<int>(error.status());
    }
  };
  EXPECT_EQ(refused([](auto& o) { o.ca_file = "/nonexistent/ca.pem"; }), MYCHAT_E_IO);
  EXPECT_EQ(refused([](auto& o) { o.ca_pem = "not a certificate"; }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(refused([](auto& o) { o.pins = {"sha256//AAAA"}; }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(refused([](auto& o) { o.pins = {"/path/to/key.pem"}; }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(refused([](auto& o) { o.user_agent = "a\r\nX: y"; }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(refused([](auto& o) { o.connect_timeout = milliseconds(0); }), MYCHAT_E_INVALID_ARGUMENT);
  EXPECT_EQ(refused([](auto&) {}), MYCHAT_OK);
}

// Refuses 127.0.0.1, and takes the rest of the loopback network.
std::string not_the_first(const sockaddr* address) {
  sockaddr_in in{};
  std::memcpy(&in, address, sizeof in);
  return in.sin_addr.s_addr == htonl(INADDR_LOOPBACK) ? "is the first" : "";
}

TransportOptions filtered(AddressFilter filter) {
  TransportOptions options;
  options.allow_plaintext = true;
  options.address_filter = std::move(filter);
  return options;
}

TEST(Http, AnAddressThatTheFilterRefusesIsNotConnectedTo) {
  std::atomic<int> connections = 0;
  Server server([&](Connection& connection) {
    ++connections;
    never(connection);
  });
  const Error error = failure_of(get(server), filtered(not_the_first));
  EXPECT_EQ(error.status(), MYCHAT_E_POLICY);
  EXPECT_EQ(std::string(error.what()), "127.0.0.1 was not connected to: its address is the first.");
  EXPECT_EQ(connections, 0);
}

TEST(Http, TheFilterIsAskedAboutEveryAddressThatANameResolvesTo) {
  Server server(always(kOk));
  const FakeName name("two.example", {"127.0.0.1", "127.0.0.2"});
  HttpRequest request = get(server);
  request.url = server.url("http", "two.example", "/");
  EXPECT_EQ(failure_of(request, filtered([](const sockaddr*) { return "is none"; })).status(),
            MYCHAT_E_POLICY);
  // The second one may be connected to, but nobody listens there.
  EXPECT_EQ(failure_of(request, filtered(not_the_first)).status(), MYCHAT_E_NETWORK);
}

// As a name server does that wants to lead a node into its own network: the first answer is harmless.
TEST(Http, AnAnswerThatChangesBetweenCheckAndConnectionLeadsNowhereElse) {
  Server inner([](Connection& connection) { never(connection); });
  Server outer(always(kOk), "127.0.0.2", inner.port());
  const ChangingName name("changing.example", {"127.0.0.2", "127.0.0.1"});
  HttpRequest request = get(inner);
  request.url = inner.url("http", "changing.example", "/");
  // What is asked about is what is connected to, by one look-up.
  EXPECT_EQ(response_of(request, filtered(not_the_first)).status, 200);
  EXPECT_EQ(name.asked(), 1);
  EXPECT_EQ(outer.accepted(), 1);
  EXPECT_EQ(failure_of(request, filtered(not_the_first)).status(), MYCHAT_E_POLICY);
  EXPECT_EQ(name.asked(), 2);
  EXPECT_EQ(inner.accepted(), 0);
}

TEST(Http, AnAddressThatIsToAnswerForAHostIsConnectedToInThePlaceOfItsOwn) {
  Server there(always(kOk), "127.0.0.2");
  const FakeName name("elsewhere.example", {"127.0.0.1"});
  HttpRequest request = get(there);
  request.url = there.url("http", "elsewhere.example", "/");
  EXPECT_EQ(failure_of(request, filtered(nullptr)).status(), MYCHAT_E_NETWORK);
  request.connect_to = "127.0.0.2";
  EXPECT_EQ(response_of(request, filtered(nullptr)).status, 200);
  // The filter is asked about that one, too.
  EXPECT_EQ(failure_of(request, filtered([](const sockaddr*) { return "is none"; })).status(),
            MYCHAT_E_POLICY);
  request.connect_to = "elsewhere.example";
  HttpClient client(filtered(nullptr));
  EXPECT_THROW(client.submit(request, [](HttpResult) {}), Error);
}

}  // namespace
}  // namespace mychat::test
